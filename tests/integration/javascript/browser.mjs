// What a browser does of a flow: it goes where it is sent, keeps cookies, and stops at the application's redirect URI.
export async function visit(url, redirectUri, { method = "GET", body, cookies = new Map() } = {}) {
  let [at, how, form] = [String(url), method, body];
  for (let hop = 0; hop < 10; hop++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(at, { method: how, body: form, headers: cookie ? { cookie } : {}, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";", 1)[0].split(/=(.*)/s);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    const location = response.headers.get("location");
    if (location === null) return { status: response.status, text: await response.text() };
    const next = new URL(location, at);
    if (`${next.origin === "null" ? next.protocol : next.origin}${next.pathname}` === redirectUri) {
      return { status: response.status, url: next };
    }
    [at, how, form] = [next.href, "GET", undefined];
  }
  throw new Error("too many redirects");
}

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
