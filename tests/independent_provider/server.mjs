// An OpenID provider by somebody else (npm oidc-provider), under the paths that Entra ID uses.
//
// One JSON document on standard input configures it; its address is printed as one JSON line; it ends with its input.
// /control/... is for tests: time, faults, revocation. Whoever opens the sign-in page is signed in as the configured
// person, or declines if the login hint says so.

import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

// Time that tests move: everything that asks for "now" is told it.
const RealDate = Date;
let ahead = 0;
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    super(...(parts.length ? parts : [RealDate.now() + ahead]));
  }

  static now() {
    return RealDate.now() + ahead;
  }
};

const { Provider } = await import("oidc-provider");

const BODY_LIMIT = 65_536;
const DECLINED = { error: "access_denied", error_description: "The person declined." };
const config = JSON.parse(await firstLine());
const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const tenant = `/${config.tenant}`;
const provider = makeProvider();
const callback = provider.callback();
const grants = new Set();
const faults = [];

server.on("request", (request, response) => {
  serve(request, response).catch((error) => {
    response.writeHead(500).end(String(error));
  });
});
process.stdin.on("close", () => process.exit(0)).resume();
process.stdout.write(`${JSON.stringify({ url: base })}\n`);

function makeProvider() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const made = new Provider(`${base}${tenant}/v2.0`, {
    clients: config.clients,
    scopes: [...config.scopes, `${base}/.default`],
    claims: {
      openid: ["sub", "tid", "oid"],
      profile: ["preferred_username", "name"],
      email: ["email", "email_verified"],
    },
    conformIdTokenClaims: false,
    cookies: { keys: ["a key for the cookies of tests"] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
    },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...config.claims }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "key-1" }] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    routes: {
      authorization: `${tenant}/oauth2/v2.0/authorize`,
      code_verification: "/device",
      device_authorization: `${tenant}/oauth2/v2.0/devicecode`,
      jwks: `${tenant}/discovery/v2.0/keys`,
      token: `${tenant}/oauth2/v2.0/token`,
      userinfo: "/v1.0/me",
    },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 600,
      ClientCredentials: 3600,
      DeviceCode: 900,
      Grant: 86_400,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
  });
  made.on("grant.success", (context) => {
    const id = context.oidc.entities.Grant?.jti;
    if (id) grants.add(id);
  });
  return made;
}

async function serve(request, response) {
  const url = new URL(request.url, base);
  if (url.pathname.startsWith("/control/")) {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(await control(url.pathname.slice("/control/".length), await bodyOf(request))));
    return;
  }
  const fault = faults[0];
  if (fault) {
    response.writeHead(fault.status, fault.headers).end(fault.body);
    return;
  }
  if (url.pathname.startsWith("/interaction/")) {
    await interact(request, response);
    return;
  }
  if (url.pathname === `${tenant}/v2.0/.well-known/openid-configuration`) {
    request.url = "/.well-known/openid-configuration";
  } else if (url.pathname.endsWith("/authorize") && !url.searchParams.has("prompt")) {
    // OpenID Connect Core section 11: offline access is given only with prompt=consent. Entra ID does not ask for it.
    url.searchParams.set("prompt", "consent");
    request.url = `${url.pathname}${url.search}`;
  }
  await callback(request, response);
}

async function control(what, body) {
  switch (what) {
    case "now":
      return { now: Date.now() / 1000 };
    case "advance":
      ahead += body.seconds * 1000;
      return { now: Date.now() / 1000 };
    case "fail":
      faults.splice(0, faults.length, ...(body.status ? [body] : []));
      return {};
    case "revoke":
      for (const id of grants) {
        await provider.RefreshToken.revokeByGrantId(id);
        await (await provider.Grant.find(id))?.destroy();
      }
      grants.clear();
      return {};
    default:
      throw new Error(`there is no control ${what}`);
  }
}

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response);
  if (details.params.login_hint === "decline") {
    await provider.interactionFinished(request, response, DECLINED, { mergeWithLastSubmission: false });
    return;
  }
  const result = details.prompt.name === "login" ? { login: { accountId: config.account } } : await consent(details);
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

async function consent(details) {
  const known = details.grantId && (await provider.Grant.find(details.grantId));
  const grant = known || new provider.Grant({ accountId: config.account, clientId: details.params.client_id });
  grant.addOIDCScope(details.params.scope);
  return { consent: { grantId: await grant.save() } };
}

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_LIMIT) throw new Error("the body is too long");
  }
  return text ? JSON.parse(text) : {};
}

function firstLine() {
  const lines = createInterface({ input: process.stdin });
  return new Promise((resolve) => {
    lines.once("line", (line) => {
      lines.close();
      resolve(line);
    });
  });
}
