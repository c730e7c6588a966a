// A certified OpenID provider in a process of its own: `node provider.mjs PORT CALLBACK…`.
// Who signs in is who they say; an address whose name begins with "new" is one that it has not confirmed.
import { Provider } from "oidc-provider";

const [port, ...callbacks] = process.argv.slice(2);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "lyceum", client_secret: "secret-of-the-workspace", redirect_uris: callbacks }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "given_name", "family_name"] },
  cookies: { keys: ["only for tests"] },
  pkce: { required: () => true },
  findAccount: (context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.org`,
      email_verified: !id.startsWith("new"),
      given_name: "Zoë",
      family_name: "O’Hara",
      name: "Zoë O’Hara",
    }),
  }),
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
