import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { OverloadedError } from 'session-init';
import {
  answers,
  createTestOrchestrator,
  denies,
  first,
  hangs,
  sessionInitMatchers,
  throws,
} from 'session-init/testing';
import { notesService } from './notes-service.js';

expect.extend(sessionInitMatchers);

const ada = { username: 'ada', user_secret: 'only-for-this-example' };
let world;
let service;

beforeEach(() => {
  world = createTestOrchestrator({ deadlines: { authentication: 500 } });
  service = notesService(world.orchestrator);
});

afterEach(() => world.close());

test('whoever has a session can keep notes, until it ends', async () => {
  const { session } = await service.logIn(ada, '192.0.2.1');
  expect(world.responses[0]).toBeAuthorized('ada');
  expect(await service.add(session.session_secret, 'buy milk')).toBe(true);
  expect((await service.logIn(ada, '192.0.2.1')).notes).toEqual(['buy milk']);

  await world.advance(30 * 60_000);
  expect(await service.add(session.session_secret, 'too late')).toBe(false);
});

test('a wrong secret is told from trouble', async () => {
  world.authenticator.on(
    'authenticate',
    first(denies('wrongSecret'))
      .andThen(throws(new OverloadedError('busy', { retryAfter: 7 })))
      .andAlways(answers()),
  );
  expect(await service.logIn(ada, '192.0.2.1')).toEqual({ say: 'Unknown user, or wrong secret.' });
  expect(await service.logIn(ada, '192.0.2.1')).toEqual({ say: 'Not now.', tryAgainIn: 7 });
  expect(world.responses[1]).toBeRefusedWith('overloaded');
  expect(await service.logIn(ada, '192.0.2.1')).toMatchObject({ notes: [] });
});

test('an authenticator that hangs costs half a second, and no secret shows', async () => {
  world.authenticator.on('authenticate', hangs());
  const answer = service.logIn(ada, '192.0.2.1');
  await world.advance(500);
  expect(await answer).toEqual({ say: 'Not now.', tryAgainIn: 30 });
  expect(world.responses[0]).toHaveReason('AUTH_ATTEMPT_TIMEOUT');
  expect(world.records[0]).toHaveEndedIn('authAttemptTimedOut');
  expect([world.records, world.authenticator.calls]).toHaveNoSecret(ada.user_secret);
});
