// A browser: it keeps cookies, goes where it is sent, fills the forms that it is shown, and stops at the application's
// redirect URI.
export class Browser {
  // `fields` are the values that the person knows, by the name of a field; `cookies` those of a browser to go on in.
  // `chromium` is the URL of a server that answers an authorization URL in a real browser, in place of this one.
  constructor({ fields = {}, cookies = {}, chromium } = {}) {
    this.fields = fields;
    this.chromium = chromium;
    this.cookies = new Map(Object.entries(cookies));
  }

  async visit(url, redirectUri, { method = "GET", body } = {}) {
    let [at, how, form] = [String(url), method, body];
    for (let hop = 0; hop < 12; hop++) {
      const response = await this.request(at, how, form);
      const location = response.headers.get("location");
      if (location === null) {
        const text = await response.text();
        const shown = response.status === 200 ? formOf(text, this.fields) : null;
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
    throw new Error("too many pages");
  }

  async request(at, method, body) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(at, { method, body, headers: cookie ? { cookie } : {}, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";", 1)[0].split(/=(.*)/s);
      if (value) this.cookies.set(name, value);
      else this.cookies.delete(name);
    }
    return response;
  }

  // The whole answer to a client, for a user who signs in and agrees.
  async answered(url, redirectUri) {
    if (this.chromium) return new URL(await (await fetch(this.chromium, { method: "POST", body: String(url) })).text());
    const { url: answer, status } = await this.visit(url, redirectUri);
    if (answer === undefined) throw new Error(`a page, ${status}, where an answer was due`);
    return answer;
  }
}

// The first form of a page as the user sends it by Enter: the fields as they are shown or filled, and the first button.
function formOf(page, filled) {
  const form = /<form[^>]* action="([^"]*)".*?<\/form>/s.exec(page);
  if (form === null) return null;
  const fields = new URLSearchParams();
  for (const [tag] of form[0].matchAll(/<input[^>]*>/g)) {
    const name = attribute(tag, "name");
    fields.append(name, filled[name] ?? attribute(tag, "value") ?? "");
  }
  const button = /<button[^>]*>/.exec(form[0])?.[0] ?? "";
  if (attribute(button, "name") !== undefined) fields.append(attribute(button, "name"), attribute(button, "value"));
  return { action: unescaped(form[1]), fields };
}

const attribute = (tag, name) => {
  const value = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : unescaped(value);
};
const ENTITIES = { lt: "<", gt: ">", quot: '"', "#34": '"', "#39": "'", "#x27": "'", amp: "&" };
const unescaped = (text) => text.replace(/&(lt|gt|quot|#34|#39|#x27|amp);/g, (_whole, name) => ENTITIES[name]);

// The error that something is refused with; of an OAuth error its code.
export async function refusal(action) {
  try {
    await action();
  } catch (error) {
    return error.error ?? error.code ?? error.name;
  }
  return "not refused";
}
