// What a page's script does; each function runs inside of the page, so it uses nothing of this file besides itself.

// Tries every way that a page has to send something, and returns what the page saw of each.
export async function attack(target) {
  const credential = "test/20260101/us-east-1/lambda/aws4_request";
  const key = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${credential}`;
  const signed = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=00`;
  const code = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";
  const named = (name) =>
    JSON.stringify({
      FunctionName: name,
      Runtime: "python3.13",
      Handler: "index.handler",
      Role: "arn:aws:iam::000000000000:role/evil",
      Code: { ZipFile: code },
    });
  const functions = `${target}/2015-03-31/functions`;
  const read = async (path, options) => {
    try {
      const answer = await fetch(path, options);
      return answer.type === "opaque" ? "unreadable" : `${answer.status} ${await answer.text()}`;
    } catch {
      return "unreadable";
    }
  };
  const loaded = (element, path) =>
    new Promise((resolve) => {
      element.onload = () => resolve("loaded");
      element.onerror = () => resolve("unreadable");
      element.src = path;
      document.body.append(element);
    });
  const posted = (path, fields, type) =>
    new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.name = `frame-${Math.random()}`;
      document.body.append(frame);
      const form = Object.assign(document.createElement("form"), { action: path, method: "POST", target: frame.name });
      form.enctype = type;
      for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), { name, value }));
      }
      document.body.append(form);
      frame.onload = () => {
        try {
          resolve(frame.contentDocument.body.textContent);
        } catch {
          resolve("unreadable");
        }
      };
      form.submit();
    });
  const connected = (path) =>
    new Promise((resolve) => {
      const socket = new WebSocket(new URL(path, location.href).href.replace(/^http/, "ws"));
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("unreadable");
    });
  const plain = { method: "POST", headers: { "Content-Type": "text/plain" } };
  const seen = {};
  seen["form, reset"] = await posted(`${target}/_ministack/reset`, {}, "application/x-www-form-urlencoded");
  seen["fetch, reset"] = await read(`${target}/_ministack/reset`, { method: "POST", mode: "no-cors" });
  seen["fetch, simple, a role"] = await read(`${target}/?${key.replace("lambda", "iam")}`, {
    method: "POST",
    body: new URLSearchParams({
      Action: "CreateRole",
      Version: "2010-05-08",
      RoleName: "evil",
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
      }),
    }),
  });
  seen["fetch, simple, key in the query"] = await read(`${functions}?${key}`, {
    ...plain,
    body: named("query"),
  });
  seen["fetch, simple, no key"] = await read(functions, { ...plain, body: named("unsigned") });
  seen["fetch, no-cors"] = await read(`${functions}?${key}`, {
    ...plain,
    mode: "no-cors",
    body: named("no-cors"),
  });
  seen["fetch, preflight"] = await read(functions, {
    method: "POST",
    headers: { Authorization: signed, "Content-Type": "application/json" },
    body: named("preflight"),
  });
  seen["fetch, preflight, PUT"] = await read(`${target}/evil`, { method: "PUT", headers: { Authorization: signed } });
  seen["form, text/plain"] = await posted(`${functions}?${key}`, { [`${named("form").slice(0, -1)},"x":"`]: '"}' }, "text/plain");
  seen["form, query protocol"] = await posted(
    `${target}/?${key.replace("lambda", "iam")}`,
    { Action: "CreateUser", UserName: "evil", Version: "2010-05-08" },
    "application/x-www-form-urlencoded",
  );
  seen["beacon"] = String(navigator.sendBeacon(`${functions}?${key}`, named("beacon")));
  seen["image"] = await loaded(new Image(), `${target}/?${key.replace("lambda", "iam")}&Action=CreateUser&UserName=image&Version=2010-05-08`);
  seen["script"] = await loaded(document.createElement("script"), `${target}/?${key.replace("lambda", "iam")}&Action=ListUsers&Version=2010-05-08`);
  seen["fetch, health"] = await read(`${target}/_ministack/health`);
  seen["WebSocket"] = await connected(`${target}/`);
  seen["WebSocket, key in the query"] = await connected(`${target}/_aws/execute-api/0a1b2c3d/?${key}`);
  return seen;
}

// Returns what a page reads of each URL, by GET or by a POST of a form: status and text, null where it may read nothing.
export async function read(requests) {
  const seen = [];
  for (const { url, form } of requests) {
    try {
      const answer = await fetch(url, form ? { method: "POST", body: new URLSearchParams(form) } : {});
      seen.push([answer.status, await answer.text()]);
    } catch {
      seen.push(null);
    }
  }
  return seen;
}

// Calls a protected API as an application does; returns what the page may read of each answer, null for a network error.
export async function callApi(requests) {
  const seen = {};
  for (const { name, url, method, token } of requests) {
    const headers = token ? { Authorization: `Bearer ${token}`, "Content-Type": "application/json" } : {};
    try {
      const answer = await fetch(url, { method, headers });
      seen[name] = { status: answer.status, body: await answer.text() };
    } catch {
      seen[name] = null;
    }
  }
  return seen;
}
