import { SESSIONS } from "./exchange.mjs";

// What a browser does of a flow: it goes where it is sent, keeps cookies, posts a form as it was shown, and stops at the
// application's redirect URI.
export async function visit(url, redirectUri, { method = "GET", body, cookies = new Map() } = {}) {
  let [at, how, form] = [String(url), method, body];
  const session = SESSIONS.get(new URL(at).searchParams.get("login_hint"));
  if (session !== undefined && at.startsWith(session.issuer)) {
    for (const pair of session.cookie.split("; ")) cookies.set(...pair.split(/=(.*)/s, 2));
  }
  for (let hop = 0; hop < 10; hop++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(at, { method: how, body: form, headers: cookie ? { cookie } : {}, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";", 1)[0].split(/=(.*)/s);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    const location = response.headers.get("location");
    if (location === null) {
      const text = await response.text();
      const shown = response.status === 200 ? formOf(text) : null;
      if (shown === null || shown.action === redirectUri) return { status: response.status, text };
      [at, how, form] = [new URL(shown.action, at).href, "POST", shown.fields];
      continue;
    }
    const next = new URL(location, at);
    if (`${next.origin === "null" ? next.protocol : next.origin}${next.pathname}` === redirectUri) {
      return { status: response.status, url: next };
    }
    [at, how, form] = [next.href, "GET", undefined];
  }
  throw new Error("too many redirects");
}

// The form of a page, with its fields as the user finds them; null without one.
function formOf(page) {
  const action = /<form[^>]* action="([^"]*)"/.exec(page)?.[1];
  if (action === undefined) return null;
  const inputs = [...page.matchAll(/<input[^>]* name="([^"]*)"[^>]* value="([^"]*)"/g)];
  // Who agrees presses the first button.
  const button = /<button[^>]* name="([^"]*)"[^>]* value="([^"]*)"/.exec(page);
  const sent = button === null ? inputs : [...inputs, button];
  return { action, fields: new URLSearchParams(sent.map(([, name, value]) => [name, unescaped(value)])) };
}

const ENTITIES = { lt: "<", gt: ">", quot: '"', "#x27": "'", amp: "&" };
const unescaped = (text) => text.replace(/&(lt|gt|quot|#x27|amp);/g, (_whole, name) => ENTITIES[name]);

// The whole answer to a client, for a user who agrees.
export async function answered(url, redirectUri) {
  const { url: answer, status } = await visit(url, redirectUri);
  if (answer === undefined) throw new Error(`a page, ${status}, where an answer was due`);
  return answer;
}

// The error that something is refused with; of an OAuth error its code.
export async function refusal(action) {
  try {
    await action();
  } catch (error) {
    return error.error ?? error.code ?? error.name;
  }
  return "not refused";
}
