import { describe, expect, test } from '@jest/globals';
import { ActorSource } from '../../src/inspector/actor-source.js';
import { BreakerSource } from '../../src/inspector/breaker-source.js';
import { ConnectionSource } from '../../src/inspector/connection-source.js';
import { Drawings } from '../../src/inspector/drawings.js';
import type { Viewer } from '../../src/inspector/feed.js';
import { Feed } from '../../src/inspector/feed.js';
import { InitSource } from '../../src/inspector/init-source.js';
import { inspectedMachine } from '../../src/inspector/inspected-machine.js';
import type { InspectorMessage, InspectorUpdate } from '../../src/inspector/protocol.js';
import { replay } from '../../src/testing/replay.js';
import { InitWorld, type Script, USER_SECRET } from '../support/init-world.js';
import { root } from '../support/package-exports.js';
import { BEHAVIOURS, YES, YES_SLOWLY } from '../support/scripted-backends.js';

const NO = BEHAVIOURS.find(({ name }) => name === 'says no') ?? YES;
const FAULT = BEHAVIOURS.find(({ name }) => name === 'throws an Error') ?? YES;

/** Users tell how their init goes. */
function script(user: string): Script {
  const fine = { authentication: YES, authorization: YES, session: YES };
  if (user.startsWith('wrong')) return { ...fine, authentication: NO };
  if (user.startsWith('broken')) return { ...fine, session: FAULT };
  return user.startsWith('slow') ? { ...fine, authentication: YES_SLOWLY } : fine;
}

class ScriptedViewer implements Viewer {
  waiting = 0;
  isDropped = false;
  readonly messages: InspectorMessage[] = [];
  readonly texts: string[] = [];

  send(text: string): void {
    this.texts.push(text);
    this.messages.push(JSON.parse(text));
  }

  drop(): void {
    this.isDropped = true;
  }

  get updates(): InspectorUpdate[] {
    return this.messages.filter((message) => message.type === 'update');
  }

  get inits() {
    return this.updates.flatMap(({ inits }) => inits);
  }

  get skipped(): number {
    return this.updates.reduce((sum, { skipped }) => sum + skipped, 0);
  }

  get overview() {
    return this.updates.at(-1)?.overview;
  }
}

async function startFeed({ sampling = 100, maxInitsPerSecond = 1_000, keep = 200 } = {}) {
  const world = new InitWorld(script, { throttle: false });
  const { clock, orchestrator } = world;
  const machine = await inspectedMachine();
  const inits = new InitSource({ clock, initial: () => machine.initial, sampling, keep });
  inits.attach(orchestrator);
  const actors = new ActorSource(clock, new Drawings(`${root}dist`, clock));
  const connections = new ConnectionSource(clock);
  const breakers = new BreakerSource(clock);
  const feed = new Feed({
    clock,
    inits,
    actors,
    connections,
    breakers,
    machine: () => machine,
    sampling,
    maxInitsPerSecond,
  });
  return { world, clock, feed, inits, breakers };
}

describe('what a viewer is told', () => {
  test('where inits are, which way they went, how long that took, and how they ended', async () => {
    const { world, clock, feed } = await startFeed();
    const viewer = new ScriptedViewer();
    feed.add(viewer);
    for (const user of ['alice', 'wrong-bob', 'slow-carol', 'broken-dave']) world.init(user);
    await clock.advance(250);
    expect(viewer.overview).toMatchObject({
      completed: 3,
      present: { authenticating: 1 },
      waiting: [{ username: 'slow-carol', state: 'authenticating', ipAddress: '192.0.2.1', waited: 250 }],
      ways: {
        'receiving->admitting': 3,
        'admitting->authenticating': 3,
        'authenticating->authenticationDenied': 1,
        'authenticating->authorizing': 2,
        'establishing->authorized': 1,
        'establishing->sessionManagerFailed': 1,
      },
    });
    await clock.advance(500);
    expect(viewer.overview).toMatchObject({ completed: 4, present: {}, waiting: [] });
    const { p50 = 0, p95 = 0 } = viewer.overview?.states['authenticating'] ?? {};
    expect(p50).toBeLessThan(1);
    expect(p95).toBeGreaterThan(425);
    expect(p95).toBeLessThan(475);
    expect(viewer.updates.at(-1)?.slots.at(-1)?.counts).toEqual({
      '': 2,
      AUTHENTICATION_DENIED: 1,
      SESSION_MANAGER_FAIL: 1,
    });
  });

  test('each event of an init that was sampled, and what was said', async () => {
    const { world, clock, feed } = await startFeed();
    const viewer = new ScriptedViewer();
    feed.add(viewer);
    for (const user of ['slow-alice', 'wrong-bob', 'broken-dave']) world.init(user);
    await clock.advance(1_000);
    const told = Object.fromEntries(viewer.inits.map((init) => [init.username, init]));
    expect(told['slow-alice']?.events?.map(({ at, from, state, says }) => [at, from, state, says])).toEqual([
      [0, undefined, 'admitting', undefined],
      [0, 'admitting', 'authenticating', 'admitted'],
      [450, 'authenticating', 'authorizing', 'authenticated (as slow-alice)'],
      [450, 'authorizing', 'establishing', 'authorized'],
      [450, 'establishing', 'authorized', expect.stringMatching(/^created \(session \d+\)$/)],
    ]);
    expect(told['slow-alice']?.events?.map(({ taken }) => [taken?.event, taken?.guard])).toEqual([
      ['', undefined],
      ['xstate.done.actor.admit', 'isAdmitted'],
      ['xstate.done.actor.authenticate', 'isAuthenticated'],
      ['xstate.done.actor.authorize', 'isAuthorized'],
      ['xstate.done.actor.establishSession', 'isCreated'],
    ]);
    expect(told['slow-alice']?.response).toMatchObject({
      success: true,
      data: { user: 'slow-alice', session_secret: expect.stringContaining('redacted') },
    });
    expect(told['wrong-bob']).toMatchObject({ reason: 'AUTHENTICATION_DENIED', cause: 'wrongSecret' });
    expect(told['wrong-bob']?.events?.at(-1)).toMatchObject({ actor: 'authenticate', says: 'denied (wrongSecret)' });
    expect(told['broken-dave']?.events?.at(-1)).toMatchObject({
      actor: 'establishSession',
      says: 'Error: marked-backend-text',
      isFault: true,
    });
    world.checkPromises();
    // What is saved from the page can be run again, with the same outcome.
    for (const { recording } of Object.values(told)) {
      expect((await replay(JSON.parse(JSON.stringify(recording)))).difference).toBeUndefined();
    }
  });

  test('a deadline that passes, a cancellation, and a request that is none', async () => {
    const { world, clock, feed } = await startFeed();
    const viewer = new ScriptedViewer();
    feed.add(viewer);
    const controller = new AbortController();
    world.init('slow-alice', controller.signal);
    await clock.advance(100);
    controller.abort();
    world.orchestrator.init('nothing', { ipAddress: '192.0.2.2' });
    await clock.advance(1_000);
    expect(viewer.inits.map(({ code, phases, events }) => [code, phases.length, events?.at(-1)?.type])).toEqual([
      ['cancelled', 2, 'request.cancel'],
      ['malformed_request', 0, 'xstate.init'],
    ]);
    // Whoever left did so whatever state it was in: that is no way out of this one.
    expect(viewer.overview?.ways).toMatchObject({ '*->refused': 1, 'receiving->refused': 1 });
    expect(viewer.overview?.ways).not.toHaveProperty('authenticating->refused');
    expect(viewer.inits.map(({ events }) => events?.at(-1)?.taken)).toEqual([
      { source: 'sessionInit', event: 'request.cancel' },
      { source: 'sessionInit.receiving', event: '', guard: 'isMalformed' },
    ]);
  });

  test('the latest inits, if somebody comes when they have ended', async () => {
    const { world, clock, feed } = await startFeed({ keep: 3 });
    for (const user of ['a', 'b', 'wrong-c', 'd']) world.init(user);
    await clock.advance(10);
    const viewer = new ScriptedViewer();
    feed.add(viewer);
    // The denial was over first.
    expect(viewer.inits.map(({ username }) => username)).toEqual(['a', 'b', 'd']);
    expect(viewer.inits).toHaveLength(3);
    expect(viewer.overview?.completed).toBe(3);
    expect(viewer.inits[0]?.events).toBeUndefined();
    await clock.advance(1_000);
    expect(viewer.inits).toHaveLength(3);
  });

  test('the same to each, and to the second one what the first has been told', async () => {
    const { world, clock, feed } = await startFeed();
    const [first, second] = [new ScriptedViewer(), new ScriptedViewer()];
    feed.add(first);
    world.init('alice');
    await clock.advance(300);
    world.init('bob');
    await clock.advance(1);
    feed.add(second);
    await clock.advance(1_000);
    expect(first.inits.map(({ username }) => username)).toEqual(['alice', 'bob']);
    expect(second.inits.map(({ username }) => username)).toEqual(['alice', 'bob']);
  });
});

test('how circuit breakers stand, and why: to whoever comes later, too', async () => {
  const { clock, feed, breakers } = await startFeed();
  const [first, second] = [new ScriptedViewer(), new ScriptedViewer()];
  feed.add(first);
  await clock.advance(250);
  expect(first.updates.some((update) => 'breakers' in update)).toBe(false);
  breakers.add({ backend: 'ldap', state: 'open', cause: 'deadline_exceeded' });
  await clock.advance(250);
  breakers.add({ backend: 'ldap', state: 'halfOpen' });
  breakers.add({ backend: 'ldap', state: 'open', cause: 'backend_fault' });
  feed.add(second);
  await clock.advance(250);
  const known = { backend: 'ldap', state: 'open', since: expect.any(Number) };
  expect(first.updates.flatMap((update) => update.breakers ?? [])).toEqual([
    { ...known, cause: 'deadline_exceeded', opened: 1 },
    { ...known, cause: 'backend_fault', opened: 2 },
  ]);
  expect(second.updates.flatMap((update) => update.breakers ?? [])).toEqual([
    { ...known, cause: 'backend_fault', opened: 2 },
  ]);
  for (let count = 0; count < 1_000; count++) breakers.add({ backend: `b${count}`, state: 'closed' });
  expect(breakers.all()).toHaveLength(100);
});

describe('what it costs', () => {
  test('nobody looks: no timer, no inspection, and no more is kept than was asked for', async () => {
    const { world, clock, feed, inits } = await startFeed({ keep: 2 });
    const before = clock.pending;
    for (let count = 0; count < 10; count++) world.init(`user-${count}`);
    await clock.advance(10);
    expect(clock.pending).toBe(before);
    expect(inits.latest()).toHaveLength(2);
    const viewer = new ScriptedViewer();
    feed.add(viewer);
    expect(clock.pending).toBe(before + 1);
    feed.remove(viewer);
    expect(clock.pending).toBe(before);
    world.init('unseen');
    await clock.advance(10);
    expect(inits.latest().at(-1)?.events).toBeUndefined();
    expect(inits.take()).toEqual({ inits: [], skipped: 0 });
  });

  test('so many inits in a second are looked into, and no more', async () => {
    const { world, clock, feed } = await startFeed({ sampling: 5 });
    const viewer = new ScriptedViewer();
    feed.add(viewer);
    for (let count = 0; count < 50; count++) world.init(`user-${count}`);
    await clock.advance(1_000);
    expect(viewer.inits.filter(({ events }) => events !== undefined)).toHaveLength(5);
    for (let count = 0; count < 50; count++) world.init(`later-${count}`);
    await clock.advance(1_000);
    expect(viewer.inits.filter(({ events }) => events !== undefined)).toHaveLength(10);
    // What replays an init takes some work to make, and is made of no other.
    expect(viewer.inits.filter(({ recording }) => recording !== undefined)).toHaveLength(10);
  });

  test('so many inits in a second are shown: failures first, and all are counted', async () => {
    const { world, clock, feed } = await startFeed({ maxInitsPerSecond: 40 });
    const viewer = new ScriptedViewer();
    feed.add(viewer);
    for (let count = 0; count < 100; count++) world.init(count % 20 === 0 ? `wrong-${count}` : `user-${count}`);
    await clock.advance(250);
    expect(viewer.inits).toHaveLength(10);
    expect(viewer.inits.filter(({ reason }) => reason !== undefined)).toHaveLength(5);
    expect(viewer.skipped).toBe(90);
    expect(viewer.overview?.completed).toBe(100);
  });

  test('a viewer that does not read is told less, then nothing, and the others are told all', async () => {
    const { world, clock, feed } = await startFeed();
    const [slow, quick] = [new ScriptedViewer(), new ScriptedViewer()];
    feed.add(slow);
    feed.add(quick);
    slow.waiting = 10_000_000;
    const before = slow.messages.length;
    for (let count = 0; count < 7; count++) {
      world.init(`user-${count}`);
      await clock.advance(250);
    }
    expect(slow.messages).toHaveLength(before);
    expect(quick.inits).toHaveLength(7);
    slow.waiting = 0;
    await clock.advance(250);
    expect(slow.skipped).toBe(7);
    expect(slow.overview).toEqual(quick.overview);
    slow.waiting = 10_000_000;
    await clock.advance(29_000);
    expect(slow.isDropped).toBe(false);
    await clock.advance(2_000);
    expect([slow.isDropped, quick.isDropped]).toEqual([true, false]);
  });
});

describe('ASVS 16.2.5: no secret is in it', () => {
  const forms = (secret: string) => {
    const bytes = Buffer.from(secret);
    return [secret, bytes.toString('hex'), bytes.toString('base64').slice(0, -3), encodeURIComponent(secret)];
  };

  test.each(BEHAVIOURS)('an authenticator that $name', async (behaviour) => {
    const { world, clock, feed } = await startFeed();
    const viewer = new ScriptedViewer();
    feed.add(viewer);
    const hostile = new InitWorld(() => ({ authentication: behaviour, authorization: YES, session: YES }));
    const inits = new InitSource({ clock: hostile.clock, initial: () => 'receiving', sampling: 100, keep: 10 });
    inits.attach(hostile.orchestrator);
    inits.open(100);
    hostile.init('alice');
    hostile.orchestrator.init(
      { username: 'bob', user_secret: USER_SECRET, note: USER_SECRET },
      { ipAddress: '192.0.2.1' },
    );
    hostile.orchestrator.init({ username: ['x'], user_secret: USER_SECRET }, { ipAddress: '192.0.2.1' });
    hostile.orchestrator.init(USER_SECRET, { ipAddress: '192.0.2.1' });
    await hostile.clock.advance(5_000);
    world.init('alice');
    await clock.advance(1_000);
    const told = JSON.stringify([inits.take(), inits.latest(), inits.overview()]) + viewer.texts.join('\n');
    expect(told).toContain('"events"');
    const sessions = [...hostile.log.live.values(), ...world.log.live.values()];
    for (const secret of [USER_SECRET, ...sessions.map(({ session_secret }) => session_secret?.reveal() ?? '')]) {
      for (const form of forms(secret)) expect(told).not.toContain(form);
    }
  });
});
