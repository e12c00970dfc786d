import { Pool } from 'undici';

/**
 * JSON for JSON with undici alone, over as many connections as the adapters have.
 *
 * @param {string} origin
 */
export function jsonByHand(origin) {
  const pool = new Pool(origin, { connections: 64, headersTimeout: 4_000, bodyTimeout: 4_000 });
  const headers = { 'content-type': 'application/json', authorization: 'Bearer marked-bearer-token-1' };

  return async function post(path, value, signal) {
    const { statusCode, body } = await pool.request({
      ...{ path, method: 'POST', headers, signal },
      body: JSON.stringify(value),
    });
    if (statusCode !== 200) throw new Error(`The service answered ${statusCode}.`);
    return body.json();
  };
}
