import { readFile } from 'node:fs/promises';
import type * as z from 'zod';
import type { JsonEndpointOptions } from '../../adapters/http-client/json-endpoint.js';
import type { HttpClientOptions } from '../../adapters/http-client/options.js';
import { count, file, flag, milliseconds, type SecretSource, secretSource, text } from '../settings.js';
import { type BackendContext, given } from './backend.js';

/** What every backend has that is asked over HTTP. */
export const httpClientSettings = {
  ca: file(
    "The certificates, in PEM, of the CAs that sign the server's. By default the CAs that Node trusts.",
  ).optional(),
  cert: file('A client certificate in PEM, with what leads to its CA after it.').optional(),
  key: secretSource('The private key of cert, in PEM and not encrypted.').optional(),
  allowPlaintext: flag(false, 'Lets requests go in clear over the network, to an http:// server on another machine.'),
  timeout: milliseconds(4_000, 'A request may take so long in all.'),
  maxConnections: count(64, 'Connections to the server at once.'),
  maxQueued: count(200, 'Calls that wait for a connection; more are refused as overloaded.', 0),
  maxResponseBytes: count(65_536, 'How long an answer may be, in bytes.'),
};

/** The files and the secret that {@link httpClientSettings} name. */
export async function readTlsFiles(
  { ca, cert, key }: { ca?: string | undefined; cert?: string | undefined; key?: SecretSource | undefined },
  { readSecret }: BackendContext,
): Promise<Pick<HttpClientOptions, 'ca' | 'cert' | 'key'>> {
  return given({
    ca: ca && (await readFile(ca, 'utf8')),
    cert: cert && (await readFile(cert, 'utf8')),
    key: key && (await readSecret(key)),
  });
}

/** What the backends have that ask one URL, JSON for JSON. */
export const jsonEndpointSettings = {
  url: text('Where to ask: https://auth.example.com/check.'),
  token: secretSource('Sent as Authorization: Bearer.').optional(),
  ...httpClientSettings,
};

type JsonEndpointSettings = z.output<z.ZodObject<typeof jsonEndpointSettings>>;

/** The options that {@link jsonEndpointSettings} mean. */
export async function jsonEndpointOptions(
  { ca, cert, key, token, ...settings }: JsonEndpointSettings,
  context: BackendContext,
): Promise<JsonEndpointOptions> {
  return {
    ...settings,
    ...(await readTlsFiles({ ca, cert, key }, context)),
    ...(token && { token: await context.readSecret(token) }),
    clock: context.clock,
  };
}
