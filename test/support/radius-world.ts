import { afterEach, beforeEach } from '@jest/globals';
import { type RadiusAuthenticatorOptions, radiusAuthenticator } from '../../src/adapters/authenticators/radius.js';
import type { Authenticator } from '../../src/adapters/ports.js';
import { Secret } from '../../src/model/secret.js';
import { type SimulatedClock, simulatedClock } from '../../src/testing/index.js';
import { closeAfterTest } from './close-after-test.js';
import { ScriptedRadiusServer } from './scripted-radius-server.js';

/** What the server of {@link RadiusWorld} and its clients share. */
export const secret = 'marked-shared-secret';
export const ACCEPT = { code: 2, secret };
export const REJECT = { code: 3, secret };

/** A scripted server, and authenticators that ask it under simulated time. */
export class RadiusWorld {
  server!: ScriptedRadiusServer;
  clock!: SimulatedClock;

  /** Another for each test of the file that calls this. */
  static forEachTest(): RadiusWorld {
    const world = new RadiusWorld();
    beforeEach(async () => {
      world.server = await ScriptedRadiusServer.start();
      world.clock = simulatedClock();
    });
    afterEach(() => world.server.close());
    return world;
  }

  readonly open = (options: Partial<RadiusAuthenticatorOptions> = {}) => {
    const servers = [{ host: '127.0.0.1', port: this.server.port, secret }];
    return closeAfterTest(radiusAuthenticator({ servers, clock: this.clock, ...options }));
  };
}

export function ask(authenticator: Authenticator, username = 'ada', signal = new AbortController().signal) {
  const credentials = { username, secret: new Secret('marked-user-secret-1'), ipAddress: '2001:db8::1' };
  return authenticator.authenticate(credentials, { signal });
}
