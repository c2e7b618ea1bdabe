"""Rules of the verifier and of access rules: the line that enforces each, and the test that fails without the line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
KERNEL = ROOT / "layers" / "keyturn" / "keyturn"
FUNCTIONS = ROOT / "functions"
NEVER = "    if False:"


@dataclass(frozen=True, slots=True)
class Guard:
    """One rule: its text in a file of the kernel or the authorizer, the text without the rule, and the rule's test."""

    rule: str
    file: str
    text: str
    without: str
    test: str

    @property
    def source(self) -> Path:
        """The file with the rule."""
        return (FUNCTIONS if self.file.startswith("authorizer/") else KERNEL) / self.file

    @property
    def test_file(self) -> Path:
        """The file of the test."""
        return ROOT / "tests" / self.test.partition("::")[0]


_VERIFY, _COMPACT, _CLAIMS = "jose/verify.py", "jose/compact.py", "jose/claims.py"
_JSON, _BASE64, _ECDSA = "jose/strict_json.py", "domain/base64url.py", "jose/ecdsa_signature.py"
_JWK, _TOKEN = "jose/jwk.py", "jose/access_token.py"
_FORM, _SIGNATURES = "unit/jose/test_compact_form.py", "unit/jose/test_signatures.py"
_CLAIM_TESTS, _JSON_TESTS = "unit/jose/test_claims.py", "unit/jose/test_strict_json.py"
_DECLARED, _CACHED_RULES = "domain/access/declared_claims.py", "domain/access/cached_rules.py"
_INTROSPECTION = "verifier/introspection.py"
_HYGIENE, _BASE64_TESTS = "unit/jose/test_key_hygiene.py", "unit/domain/test_base64url.py"

_DUPLICATES = "    if len(members) != len(pairs):"
_BOUND_ALGORITHM = "    if key.algorithm != fully_specified(header.algorithm):"
_POINTERS = '    | {"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"}'
_READINGS = '    {"crit", "b64", "zip", "cty", "enc", "p2c", "p2s", "epk", "apu", "apv", "iv", "tag"}'
_TYPE = "    if token.header.token_type != _ACCESS_TOKEN_TYPE:"
_RANGE = "    if not (zero < r < order and zero < s < order):\n        return None"
_LENGTH = "    if len(signature) != 2 * size:"
_KID = '_KID = re.compile(r"[A-Za-z0-9_-]{1,128}")'
_SEGMENTS = "        if len(segments) != 3:"
_PADDED = f"{_SIGNATURES}::test_s_may_not_be_padded"
_KIND = f"{_CLAIM_TESTS}::test_another_kind_of_token_is_refused"
_READING = f"{_FORM}::test_parameters_that_change_the_reading_are_refused"
_POINTER = f"{_FORM}::test_a_key_or_a_pointer_to_one_in_the_token_is_refused"
_CRIT = f"{_FORM}::test_crit_is_refused_whatever_it_says"
_ODD_KID = f"{_FORM}::test_a_kid_is_a_short_base64url_string"


def _without(text: str, part: str) -> str:
    return text.replace(part, "")


GUARDS = (
    Guard("R01", _BASE64, "        canonical = segment[-1] in _LAST_OF_TWO", "        canonical = True",
          f"{_BASE64_TESTS}::test_only_zero_trailing_bits_are_canonical"),
    Guard("R02", _COMPACT, " or len(raw) > MAX_TOKEN_LENGTH", "", f"{_FORM}::test_a_token_is_at_most_8_kib_long"),
    Guard("R03", _JSON, _DUPLICATES, NEVER, f"{_JSON_TESTS}::test_a_duplicate_member_is_refused_at_any_depth"),
    Guard("R04", _VERIFY, _BOUND_ALGORITHM, NEVER,
          f"{_SIGNATURES}::test_a_key_verifies_with_its_own_algorithm_alone"),
    Guard("R05", _COMPACT, _READINGS, _without(_READINGS, '"crit", '), _CRIT),
    Guard("R06", _COMPACT, _POINTERS, "    | set()", _POINTER),
    Guard("R07", _VERIFY, "    if key is None:", NEVER,
          f"{_FORM}::test_an_unknown_kid_is_refused_before_any_cryptography"),
    Guard("R08", _ECDSA, _LENGTH, NEVER, _PADDED),
    Guard("R09", _JWK, "    if not _PRIVATE_MEMBERS.isdisjoint(jwk):", NEVER,
          f"{_HYGIENE}::test_private_key_material_refuses_the_set"),
    Guard("R10", _COMPACT, _SEGMENTS, "        if len(segments) < 3:", f"{_FORM}::test_a_token_has_exactly_two_dots"),
    Guard("R11", _VERIFY, _TYPE, NEVER, _KIND),
    Guard("R12", _TOKEN, "    if token.issuer not in policy.issuers:", NEVER,
          f"{_CLAIM_TESTS}::test_the_issuer_is_compared_exactly"),
    Guard("R13", _TOKEN, "policy.audiences.isdisjoint(token.audience)", "False",
          f"{_CLAIM_TESTS}::test_the_audience_is_compared_exactly"),
    Guard("R14", _CLAIMS, "    if not now < expires_at + leeway:", "    if not now <= expires_at + leeway:",
          f"{_CLAIM_TESTS}::test_expiry_is_refused_from_the_second_of_exp_and_leeway_on"),
    Guard("R15", _CLAIMS, "    if not valid_from <= now + leeway:", NEVER,
          f"{_CLAIM_TESTS}::test_a_token_of_the_future_is_refused"),
    Guard("R16", _CLAIMS, " or not is_identifier(value)", "",
          f"{_CLAIM_TESTS}::test_an_identifier_is_a_short_printable_string"),
    Guard("R17", "domain/clients/client.py", "(?!u_)", "",
          "unit/domain/clients/test_client.py::test_a_registration_that_could_not_work_is_refused"),
    Guard("R18", _JSON, "    except ValueError:", "    except KeyError:",
          "unit/jose/test_verifier_properties.py::test_signed_tokens_with_any_bytes_are_judged"),
    Guard("A1", _VERIFY, "    if header.algorithm not in algorithms:", NEVER,
          f"{_FORM}::test_an_algorithm_outside_of_the_allow_list_is_refused"),
    Guard("A2", _VERIFY, _BOUND_ALGORITHM, NEVER, f"{_FORM}::test_hmac_with_a_public_key_as_the_secret_is_refused"),
    Guard("A3", _JWK, "    if algorithm not in KEY_KIND:", NEVER, f"{_HYGIENE}::test_a_key_states_its_algorithm"),
    Guard("A4", _VERIFY, "    key.verify(token.signing_input, signature)", "    pass",
          f"{_SIGNATURES}::test_a_signature_of_another_key_of_the_set_is_refused"),
    Guard("A5", _COMPACT, _POINTERS, "    | set()", _POINTER),
    Guard("A6", _COMPACT, _POINTERS, _without(_POINTERS, '"jku", "x5u", '),
          "unit/jose/test_bounded_work.py::test_nothing_is_fetched_whatever_a_token_points_to"),
    Guard("A7", _COMPACT, _KID, '_KID = re.compile(r"(?s).+")', _ODD_KID),
    Guard("A8", _ECDSA, _RANGE, "", f"{_SIGNATURES}::test_the_range_of_r_and_s_is_ours_to_check"),
    Guard("A9", _ECDSA, _LENGTH, NEVER, _PADDED),
    Guard("A10", _ECDSA, _RANGE, _RANGE.replace("s < order", "2 * int.from_bytes(s) < int.from_bytes(order)"),
          f"{_SIGNATURES}::test_the_mirrored_signature_is_the_same_token"),
    Guard("A11", _BASE64, 'bytes.maketrans(b"-_+/=", b"+/!!!")', 'bytes.maketrans(b"-_", b"+/")',
          f"{_BASE64_TESTS}::test_padding_spaces_and_the_other_alphabet_are_refused"),
    Guard("A12", _COMPACT, "        if not isinstance(raw, str) or len(raw) > MAX_TOKEN_LENGTH:\n",
          "        raw = max(re.findall(r'[A-Za-z0-9_.-]+', raw), key=len)\n        if len(raw) > MAX_TOKEN_LENGTH:\n",
          f"{_FORM}::test_the_json_serializations_are_refused"),
    Guard("A13", _COMPACT, _READINGS, _without(_READINGS, '"enc", '), _READING),
    Guard("A14", _COMPACT, _READINGS, _without(_READINGS, '"crit", '), _CRIT),
    Guard("A15", _COMPACT, _READINGS, _without(_READINGS, '"b64", '), _READING),
    Guard("A16", _JSON, _DUPLICATES, NEVER, f"{_CLAIM_TESTS}::test_good_claims_that_are_not_strict_json_are_refused"),
    Guard("A17", _JSON, '        text = data.decode("utf-8")', '        text = data.decode("utf-8-sig")',
          f"{_JSON_TESTS}::test_only_utf_8_without_a_byte_order_mark_is_read"),
    Guard("A18", _JSON, "    parse_constant=_refuse_constant,\n", "",
          f"{_JSON_TESTS}::test_what_is_no_finite_json_number_is_refused"),
    Guard("A19", _CLAIMS, " or not all(isinstance(each, str) and each for each in value)", "",
          f"{_CLAIM_TESTS}::test_the_audience_is_a_string_or_a_list_of_strings"),
    Guard("A20", _VERIFY, _TYPE, NEVER, _KIND),
    Guard("A21", _JSON, "        _check_depth(text)\n", "", f"{_JSON_TESTS}::test_nesting_stops_at_the_bound"),
    Guard("R19", "authorizer/authorize.py", "            token = signed.at(now)",
          "            token = signed.before_times",
          "unit/authorizer/test_authorize.py::test_a_repeated_token_meets_every_check_but_its_signatures"),
    Guard("A22", "authorizer/token_memo.py", '        key = sha256(raw.encode("ascii")).digest(), keys, policy',
          '        key: Any = sha256(raw.encode("ascii")).digest(), policy',
          "unit/authorizer/test_token_memo.py::test_an_entry_belongs_to_one_key_set"),
    Guard("I10", "jose/pyjwt_verdict.py", "    if valid is not True:", NEVER,
          "unit/jose/test_pyjwt_verdict.py::test_another_message_or_another_key_is_refused"),
    Guard("R54", _DECLARED, " and len(key) >= MIN_API_KEY_LENGTH and _is_plain(key)", "",
          "unit/authorizer/test_api_keys.py::test_no_other_value_is_a_key"),
    Guard("R55", _CACHED_RULES, "    claims = _LONGEST_CLAIMS * (2 if declared.context else 1)", "    claims = 0",
          "unit/authorizer/test_answer_size.py::test_an_answer_with_a_declared_claim_is_at_most_8_kb"),
    Guard("R57", "domain/access/api_rules.py",
          "        if self.declared.api_key is not None and self.declared.api_key_of(token) is None:", f"    {NEVER}",
          "unit/authorizer/test_api_keys.py::test_a_token_without_a_key_is_forbidden"),
    Guard("R59", "domain/access/access_rules.py", "    if not is_claim_name(value):", NEVER,
          "unit/domain/access/test_declared_claims.py::test_a_name_that_no_token_can_have_is_refused"),
    Guard("I8", "verifier/key_cache.py", "        if seconds >= held.max_age + self._ages.stale:", f"    {NEVER}",
          "verifier/test_key_cache.py::test_withdrawn_keys_end_in_time_and_good_ones_are_found"),
    Guard("R47", _INTROSPECTION, " or age(answer.asked_at, self._now()) >= self._client.cache_seconds", "",
          "verifier/test_introspection.py::test_a_revoked_token_is_refused_within_the_bound"),
    Guard("R48", _INTROSPECTION, "        if not isinstance(active, bool):", "        if active is None:",
          "verifier/test_introspection.py::test_no_answer_is_no_permission"),
)  # fmt: skip
_ACCESS_RULES = ("R54", "R55", "R57", "R59")
_SERVICE_RULES = ("I8", "R47", "R48")
RULES = (
    *(f"R{number:02}" for number in range(1, 20)),
    *(f"A{number}" for number in range(1, 23)),
    "I10",
    *_ACCESS_RULES,
    *_SERVICE_RULES,
)
