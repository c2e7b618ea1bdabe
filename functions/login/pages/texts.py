"""Every sentence of the hosted pages, by key: a further language is one more mapping of the same keys."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from htpy import Element

LANGUAGE = "en"


@enum.unique
class Text(enum.Enum):
    """The keys, each with its English text; {names} stand for the values of `say`."""

    PRODUCT = "Keyturn"
    PAGE_TITLE = "{title} · Keyturn"
    ERROR_TITLE = "Error: {title}"
    REQUEST_ID = "Reference: {reference}"

    # Fields and buttons
    EMAIL = "Email address"
    PASSWORD = "Password"
    CURRENT_PASSWORD = "Current password"
    NEW_PASSWORD = "New password"
    NEW_PASSWORD_AGAIN = "New password, again"
    PASSWORD_HINT = "At least {minimum} characters. Several words with spaces are easy to remember and hard to guess."
    SIGN_IN = "Sign in"
    SIGN_OUT = "Sign out"
    CONTINUE = "Continue"
    CANCEL = "Cancel"
    ALLOW = "Allow"
    DENY = "Deny"
    USE_ANOTHER_ACCOUNT = "Use another account"
    SIGNED_IN_AS = "Signed in as {email}"

    # Sign in
    SIGN_IN_FOR = "to continue to {client}"
    SIGN_IN_FOR_ACCOUNT = "to see your account"
    SIGN_IN_PRIVACY = "{client} does not see your password."
    SIGN_IN_HELP = (
        "Password forgotten or not accepted? Try a browser in which you have signed in before. "
        "Or ask the people who run this service for a new link."
    )
    SIGN_IN_WRONG = "The email address or the password is wrong."
    SIGN_IN_THROTTLED = "Too many attempts. Wait {minutes} min, then try again."
    SIGN_IN_CHANGED = "Your account changed while you signed in. Sign in again."
    EMAIL_MISSING = "Enter your email address."
    PASSWORD_MISSING = "Enter your password."
    FORM_OUTDATED = "This page was open for too long, or your browser sent no cookie. Try again."
    SESSION_ENDED = "You are signed out. Sign in to continue."

    # Consent
    CONSENT_TITLE = "Allow {client}?"
    CONSENT_LEAD = "{client} asks for access to your account. If you allow it, this application can:"
    CONSENT_RESOURCE = "This access is for {resource}."
    CONSENT_RETURN = "Your browser then returns to {host}."
    CONSENT_WITHDRAW = "You can withdraw this access on your account page at any time."
    SCOPE_OPENID = "Know who you are"
    SCOPE_PROFILE = "Read your name and other parts of your profile"
    SCOPE_EMAIL = "Read your email address"
    SCOPE_PHONE = "Read your phone number"
    SCOPE_ADDRESS = "Read your postal address"
    SCOPE_OFFLINE_ACCESS = "Keep this access while you are away"
    SCOPE_OTHER = "Use the permission {scope}"

    # A native client (RFC 8252 §8.6)
    CONFIRM_TITLE = "Did you open {client}?"
    CONFIRM_WARNING = "Continue only if you started this from {client} on this device."
    CONFIRM_REASON = "Another program on this device may use the same name. If you did not start this, cancel."

    # Choose and change the password
    CHOOSE_PASSWORD_TITLE = "Choose a password"
    CHOOSE_PASSWORD_LEAD = "for {email}"
    CHOOSE_PASSWORD_ENDS_SESSIONS = "Other browsers are signed out."
    SAVE_PASSWORD = "Save password"
    CHANGE_PASSWORD = "Change password"
    NEW_PASSWORD_MISSING = "Enter a new password."
    PASSWORDS_DIFFER = "The two new passwords are not the same."
    CURRENT_PASSWORD_WRONG = "The current password is wrong."
    PASSWORD_TOO_SHORT = "Use at least {minimum} characters."
    PASSWORD_TOO_LONG = "Use at most {maximum} characters."
    PASSWORD_COMMON = "This password is on a list of common passwords. Choose another one."
    PASSWORD_NOT_TEXT = "This password has a character that not every device can type. Choose another one."
    PASSWORD_CONTEXT = "This password is too close to your name, your address or this service. Choose another one."
    PASSWORD_REPEATED = "This password repeats a few characters. Choose another one."
    PASSWORD_SEQUENCE = "This password follows the keyboard, the alphabet or the digits. Choose another one."
    PASSWORD_NOT_SAVED = (
        "Your new password is not saved, because your account changed at the same time. "
        "You are signed out in every browser. Sign in again."
    )
    PASSWORD_SAVED = "Your password is saved. Sign in with it."
    SIGN_IN_AGAIN_FIRST = "Sign in again to change your password: your last sign-in is more than 5 minutes ago."

    # Account
    ACCOUNT_TITLE = "Your account"
    PROFILE = "Profile"
    NAME = "Name"
    SESSIONS = "Where you are signed in"
    SESSIONS_LEAD = "End each session that you do not recognize, then change your password."
    THIS_BROWSER = "This browser"
    UNKNOWN_DEVICE = "Unknown browser"
    SIGNED_IN_AT = "Signed in {time}"
    LAST_USED_AT = "last used {time}"
    END_SESSION = "End"
    END_SESSION_NAMED = "End the session in {device}, signed in {time}"
    END_ALL_SESSIONS = "End all others"
    APPLICATIONS = "Applications with access"
    NO_APPLICATIONS = "No application has access to your account."
    ALLOWED_AT = "Allowed {time}"
    WITHDRAW = "Withdraw"
    WITHDRAW_NAMED = "Withdraw the access of {client}"
    PASSWORD_CHANGED = "Your password is changed. Other browsers are signed out."
    SESSION_WAS_ENDED = "The session is ended."
    SESSION_WAS_ENDED_HERE = "The session is ended. Its applications keep their access until it expires by itself."
    SESSIONS_WERE_ENDED = "All other sessions are ended."
    ACCESS_WAS_WITHDRAWN = "The access is withdrawn."

    # Sign out
    LOGOUT_TITLE = "Sign out?"
    LOGOUT_FOR = "{client} asks to sign you out in this browser."
    STAY = "Stay signed in"
    SIGNED_OUT_TITLE = "You are signed out"
    SIGNED_OUT_LEAD = "Close the browser window if other people use this device."
    STILL_SIGNED_IN_TITLE = "You are still signed in"
    TO_ACCOUNT = "Go to your account"
    SIGN_IN_AGAIN = "Sign in again"

    # Problems: a title, a sentence, the next step
    BEGIN_AGAIN = "Begin again"
    TRY_AGAIN = "Try again"
    BACK_TO_APPLICATION = "Go back to the application that sent you here, and sign in from there."
    OVER_TITLE = "This sign-in has expired"
    OVER = "A sign-in has to be finished within 30 minutes."
    USED_TITLE = "This sign-in is already done"
    USED = "Each sign-in works once."
    FOREIGN_TITLE = "This sign-in began in another browser"
    FOREIGN = "A sign-in has to be finished in the browser in which it began, and that browser has to keep cookies."
    LINK_TITLE = "This link does not work"
    LINK = "It has expired, it was used before, a newer one replaced it, or your account changed."
    LINK_NEXT = (
        "If you have just chosen a password, sign in with it. "
        "Otherwise ask the people who run this service for a new link."
    )
    BAD_REQUEST_TITLE = "This request cannot be answered"
    BAD_REQUEST = "Part of the request is missing or malformed."
    FORM_TITLE = "This form cannot be accepted"
    FORM = "It has expired, it came from another site, or your browser did not send its cookie."
    FORM_NEXT = "Go back, load the page again and repeat. Your browser has to keep cookies for this site."
    TOO_LARGE_TITLE = "This form is too large"
    TOO_LARGE = "A field of this form has too much text."
    TOO_LARGE_NEXT = "Go back and shorten the text."
    TOO_MANY_TITLE = "Too many attempts"
    TOO_MANY = "An account allows only a certain number of these steps a day."
    TOO_MANY_NEXT = "Try again tomorrow. To sign out everywhere now, change your password."
    UNAVAILABLE_TITLE = "This service is not available now"
    UNAVAILABLE = "A part of this service does not answer. Your last step may be lost."
    UNAVAILABLE_NEXT = "Wait a minute, then try again."
    NOT_FOUND_TITLE = "This page does not exist"
    NOT_FOUND = "The address may be incomplete."
    METHOD_TITLE = "This page cannot be used this way"
    METHOD = "The browser sent a kind of request that this page does not accept."
    GO_BACK = "Go back to the previous page."


def say(text: Text, **values: str | Element | Markup) -> Markup:
    """Return the text in the language of the pages; every value is escaped unless it is an element."""
    return Markup(escape(text.value)).format(**values)  # noqa: S704 - the catalogue is ours, and escaped too
