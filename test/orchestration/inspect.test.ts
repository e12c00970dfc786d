import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { InitWorld, USER_SECRET } from '../support/init-world.js';
import { YES, YES_SLOWLY } from '../support/scripted-backends.js';

const script = () => ({ authentication: YES_SLOWLY, authorization: YES, session: YES });

describe('orchestrator.inspect', () => {
  test('looks into the inits that it samples, while it is on, and into no others', async () => {
    const world = new InitWorld(script);
    const seen = new Map<string, string[]>();
    let wanted = true;
    const end = world.orchestrator.inspect({
      samples: () => wanted,
      inspect: (event, referenceId) => {
        if (event.type === '@xstate.snapshot' && event.actorRef.sessionId === event.rootId) {
          seen.set(referenceId, [...(seen.get(referenceId) ?? []), event.event.type]);
        }
      },
    });
    world.init('alice');
    wanted = false;
    world.init('bob');
    await world.comeToRest();
    end();
    wanted = true;
    world.init('carol');
    await world.comeToRest();
    world.checkPromises();
    expect([...seen.keys()]).toEqual([world.records.find(({ username }) => username === 'alice')?.referenceId]);
    expect([...seen.values()]).toEqual([
      [
        'xstate.init',
        'xstate.done.actor.admit',
        'xstate.done.actor.authenticate',
        'xstate.done.actor.authorize',
        'xstate.done.actor.establishSession',
      ],
    ]);
  });

  test('gets a recording of each init that it samples, and none is made for anybody else', async () => {
    const world = new InitWorld(script);
    const recorded: string[] = [];
    let isWanted = true;
    world.orchestrator.inspect({
      samples: () => isWanted,
      inspect: () => {},
      record: ({ request }) => recorded.push(request.username),
    });
    world.orchestrator.inspect({ inspect: () => {} });
    world.init('alice');
    isWanted = false;
    world.init('bob');
    await world.comeToRest();
    world.checkPromises();
    expect(recorded).toEqual(['alice']);
  });

  test('ASVS 16.2.5: a message that came as JSON shows no secret', async () => {
    const world = new InitWorld(script);
    const seen: unknown[] = [];
    world.orchestrator.inspect({ inspect: (event) => seen.push(event) });
    world.init('alice');
    await world.comeToRest();
    expect(seen.length).toBeGreaterThan(20);
    expect(inspect(seen, { depth: 12, showHidden: true })).not.toContain(USER_SECRET);
  });

  test('what an inspector throws is reported, and harms no init', async () => {
    const world = new InitWorld(script);
    const boom = () => {
      throw new Error('boom');
    };
    world.orchestrator.inspect({ inspect: boom, record: boom });
    world.orchestrator.inspect({ samples: boom, inspect: () => {} });
    world.init('alice');
    await world.comeToRest();
    world.checkPromises();
    expect(world.answers[0]?.success).toBe(true);
    expect(new Set(world.faults.map(({ source }) => source))).toEqual(new Set(['inspect']));
  });
});

test('orchestrator.underWay tells where each init is', async () => {
  const world = new InitWorld(script);
  world.init('alice');
  await world.clock.advance(10);
  const [init, ...others] = world.orchestrator.underWay();
  expect(others).toEqual([]);
  expect(init).toMatchObject({ username: 'alice', ipAddress: '192.0.2.1', referenceId: expect.any(String) });
  expect(init?.steps.map(({ state }) => state)).toEqual(['admitting', 'authenticating']);
  await world.comeToRest();
  expect(world.orchestrator.underWay()).toEqual([]);
});
