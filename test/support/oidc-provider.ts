import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import type { Provider } from 'oidc-provider';

const { Provider: OpenIdProvider } = await quietly(() => import('oidc-provider'));

export const AUDIENCE = 'https://sessions.example.com';
export const CLIENT = { id: 'session-init', secret: 'marked-client-secret: +%&=' };

/** What a token is to be. */
export interface TokenProperties {
  groups?: readonly string[];
  audience?: string;
  scope?: string;
  /** In seconds. */
  expiresIn?: number;
  /** Further claims. */
  extra?: Record<string, unknown>;
}

/** The name of the provider's key in use, and the key with its private part. */
interface SigningKey {
  readonly kid: string;
  readonly jwk: JWK;
}

/** oidc-provider, a certified OpenID provider, in this process and on a port of its own. */
export class OidcProvider {
  /** How many requests came, by path. */
  readonly requests: Record<string, number> = {};
  /** Answers in place of the provider, if it says so. */
  interception: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';
  readonly #extra = new Map<string, Record<string, unknown>>();
  readonly #clientKeys: readonly JWK[];
  #port = 0;
  #keys: SigningKey[] = [];
  #provider: Provider | undefined;

  private constructor(tls: { cert: string; key: string } | undefined, clientKeys: readonly JWK[]) {
    const handle = (request: IncomingMessage, response: ServerResponse) => this.#handle(request, response);
    this.#server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#clientKeys = clientKeys;
  }

  /** @param options.clientKeys - public keys of the client `private-key-client` */
  static async start(
    options: { tls?: { cert: string; key: string }; clientKeys?: readonly JWK[] } = {},
  ): Promise<OidcProvider> {
    const provider = new OidcProvider(options.tls, options.clientKeys ?? []);
    await provider.listen();
    await provider.rotate();
    return provider;
  }

  get port(): number {
    return this.#port;
  }

  get issuer(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** Listens, again on the same port. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection and listens no more. What it knows it keeps. */
  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  /** Signs with a new key from now on. The key before it is published still, those before that are not. */
  async rotate(): Promise<void> {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const kid = `key-${crypto.randomUUID()}`;
    this.#keys = [
      { kid, jwk: { ...(await exportJWK(privateKey)), kid, use: 'sig', alg: 'ES256' } },
      ...this.#keys,
    ].slice(0, 2);
    this.#provider = quietly(() => new OpenIdProvider(this.issuer, this.#configuration()));
  }

  /** The key in use, without its private part. */
  get publicKey(): JWK {
    const { d: _, ...publicKey } = this.#signingKey.jwk;
    return publicKey;
  }

  /** An access token that the provider makes for a user: a JWT, or one that is opaque. */
  async token(format: 'jwt' | 'opaque', user: string, properties: TokenProperties = {}): Promise<string> {
    const { audience = AUDIENCE, groups, extra, expiresIn = 300, scope = 'sessions' } = properties;
    const { AccessToken, ResourceServer, Client } = this.#running;
    this.#extra.set(user, { ...extra, ...(groups && { groups }) });
    const token = new AccessToken({
      ...{ accountId: user, scope, expiresIn, gty: 'test' },
      client: await Client.find(CLIENT.id),
      resourceServer: new ResourceServer(audience, { audience, accessTokenFormat: format }),
    });
    return token.save();
  }

  /** Takes an opaque token back. */
  async revoke(token: string): Promise<void> {
    await (await this.#running.AccessToken.find(token))?.destroy();
  }

  /** A token as the provider would never make it, signed with its key in use. */
  async sign(claims: Record<string, unknown>, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
    const { kid, jwk } = this.#signingKey;
    return new SignJWT(claims as JWTPayload)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header })
      .sign(jwk);
  }

  /** The claims of a good token for a user. Times are by this computer's clock. */
  claims(user: string): JWTPayload & { iat: number; exp: number } {
    const now = Math.floor(Date.now() / 1000);
    return { iss: this.issuer, aud: AUDIENCE, sub: user, iat: now, exp: now + 300, jti: crypto.randomUUID() };
  }

  get #signingKey(): SigningKey {
    return this.#keys[0] as SigningKey;
  }

  get #running(): Provider {
    return this.#provider as Provider;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests[path] = (this.requests[path] ?? 0) + 1;
    if (this.interception?.(request, response) !== true) this.#running.callback()(request, response);
  }

  #configuration(): Record<string, unknown> {
    const client = { grant_types: [], response_types: [], redirect_uris: [] };
    return {
      jwks: { keys: this.#keys.map(({ jwk }) => jwk) },
      clientDefaults: { id_token_signed_response_alg: 'ES256' },
      clients: [
        { ...client, client_id: CLIENT.id, client_secret: CLIENT.secret },
        {
          ...client,
          client_id: 'private-key-client',
          token_endpoint_auth_method: 'private_key_jwt',
          jwks: { keys: this.#clientKeys },
        },
      ],
      features: {
        devInteractions: { enabled: false },
        introspection: { enabled: true, allowedPolicy: () => true },
        resourceIndicators: { enabled: true },
      },
      extraTokenClaims: (_: unknown, token: { accountId: string }) => this.#extra.get(token.accountId),
    };
  }
}

/**
 * Without what oidc-provider warns of: an old Node, tokens in memory. What it clones stays in the realm of the test, whose
 * plain objects are the only ones that it takes for such.
 */
function quietly<Result>(run: () => Result): Result {
  const { warn } = console;
  const { structuredClone } = globalThis;
  const restore = () => Object.assign(console, { warn }) && Object.assign(globalThis, { structuredClone });
  console.warn = () => {};
  globalThis.structuredClone = (value) => (value === undefined ? value : JSON.parse(JSON.stringify(value)));
  const result = run();
  if (result instanceof Promise) return result.finally(restore) as Result;
  restore();
  return result;
}
