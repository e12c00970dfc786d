import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { httpClient } from '../../../src/adapters/http-client/http-client.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const signal = new AbortController().signal;

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('sends a request, and gives the whole answer', async () => {
  const url = await serve((request, response) => {
    request.setEncoding('utf8').on('data', (body) => response.end(`${request.method} ${request.url} ${body}`));
  });
  const client = httpClient('http', {});
  ends.push(() => client.close());
  const answer = await client.request(`${url}/a?b=c`, { method: 'POST', body: 'text' }, { signal });
  expect([answer.status, Buffer.from(answer.body).toString()]).toEqual([200, 'POST /a?b=c text']);
  const response = await client.fetch(`${url}/a`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
  expect(await response.text()).toBe('POST /a a=b');
});

test('follows no redirect', async () => {
  const url = await serve((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
  const client = httpClient('http', {});
  ends.push(() => client.close());
  expect((await client.fetch(url)).status).toBe(302);
});
