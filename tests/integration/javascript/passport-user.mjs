// passport-openidconnect: a user signs in to a web application, whose server sends no PKCE and checks state and nonce.
import { createServer } from "node:http";
import passport from "passport";
import OpenIdConnect from "passport-openidconnect";
import { Browser } from "./browser.mjs";
import { answer, question } from "./exchange.mjs";

const { issuer, redirect_uri, scope, person, clients } = await question();
const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();

// The application behind its public URL: `session` is that of its one visitor.
async function serve(name, { client_id, client_secret }) {
  const options = {
    issuer,
    authorizationURL: metadata.authorization_endpoint,
    tokenURL: metadata.token_endpoint,
    userInfoURL: metadata.userinfo_endpoint,
    clientID: client_id,
    clientSecret: client_secret,
    callbackURL: redirect_uri,
    scope: scope.split(" ").filter((each) => each !== "openid"),
    nonce: true,
    skipUserProfile: false,
  };
  const verify = (iss, profile, context, idToken, accessToken, refreshToken, done) =>
    done(null, { iss, profile, idToken, accessToken, refreshToken });
  passport.use(name, new OpenIdConnect.Strategy(options, verify));
  const session = {};
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url, redirect_uri);
    Object.assign(request, { session, query: Object.fromEntries(searchParams) });
    passport.authenticate(name, { session: false })(request, response, (error) =>
      response.end(JSON.stringify(error ? { refused: error.code ?? error.message } : request.user)),
    );
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => server.close() && server.closeAllConnections();
  return { at: `http://127.0.0.1:${server.address().port}`, stop };
}

const browser = new Browser(person);
const told = {};
for (const [name, client] of Object.entries(clients)) {
  const application = await serve(name, client);
  const first = await fetch(`${application.at}/`, { redirect: "manual" });
  const asked = first.headers.get("location");
  const back = await browser.answered(asked, redirect_uri);
  const [once, again] = [await fetch(application.at + back.search), await fetch(application.at + back.search)];
  told[name] = {
    asked: Object.fromEntries(new URL(asked).searchParams),
    user: await once.json(),
    again: { status: again.status, text: await again.text() },
  };
  application.stop();
}
answer(told);
