import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AnyStateNode } from 'xstate';
import { CLOSURES } from '../../src/machines/closures.js';
import { connectionMachine } from '../../src/machines/connection.js';
import { gone, happening, init, message, own, sessionOf, Talk } from '../support/talk.js';

describe('the connection machine', () => {
  const states = Object.values(connectionMachine.states) as AnyStateNode[];

  test('has one final state, a description of every state, and no state without a way out', () => {
    expect(states.filter(({ type }) => type === 'final').map(({ key }) => key)).toEqual(['closed']);
    for (const { description } of states) expect(description).toMatch(/\.$/);
    for (const { key, transitions, always } of states) {
      expect([key, transitions.size + (always?.length ?? 0) > 0]).toEqual([key, key !== 'closed']);
    }
  });

  test('can come to every state', () => {
    const reached = new Set(['greeting']);
    const ofRoot = [...(connectionMachine.root as AnyStateNode).transitions.values()].flat();
    for (const key of reached) {
      const { transitions, always = [] } = connectionMachine.states[key as 'greeting'] as AnyStateNode;
      for (const { target } of [...transitions.values(), always, ofRoot].flat())
        for (const to of target ?? []) reached.add(to.key);
    }
    expect(reached).toEqual(new Set(states.map(({ key }) => key)));
  });

  test('is flat', () => {
    for (const state of states) expect(Object.keys(state.states)).toEqual([]);
  });

  test.each(Object.entries(CLOSURES))('closure %s can be sent', (_, { code, reason }) => {
    expect([1000, 1001, 1008, 1011, 4001]).toContain(code);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });
});

describe('greeting', () => {
  test('a client that says nothing is closed with 1008 after the greeting time-out, and not before', () => {
    const talk = new Talk();
    talk.clock.increment(29_999);
    expect(talk.state).toBe('greeting');
    talk.clock.increment(1);
    expect(talk.state).toBe('closing');
    expect(talk.asked).toEqual(['close 1008']);
  });

  test('who has said something is not', () => {
    const talk = new Talk().receive(message('nonsense')).send({ type: 'message.finished', isMalformed: true });
    talk.clock.increment(29_999);
    expect(talk.state).toBe('waiting');
  });
});

describe('messages', () => {
  test('are answered one at a time, in order', () => {
    const talk = new Talk().receive(init('a'), init('b'), init('c'));
    expect(talk.asked).toEqual(['answer a']);
    talk.finish();
    expect(talk.asked).toEqual(['answer a', 'answer b']);
    talk.finish().finish();
    expect(talk.asked).toEqual(['answer a', 'answer b', 'answer c']);
    expect(talk.state).toBe('waiting');
    talk.receive(init('d'));
    expect(talk.asked.at(-1)).toBe('answer d');
  });

  test('are requests until a session is there; then objects without a user_secret are the service’s own', () => {
    const talk = new Talk().receive(own('early'), init(), own('late'), init('again'), message('[]'));
    talk.finish().finish(sessionOf(1));
    expect(talk.state).toBe('handling');
    talk.finish();
    expect(talk.state).toBe('answering');
    talk.finish().finish();
    expect(talk.asked).toEqual(['answer early', 'answer ada', 'handle late', 'answer again', 'answer malformed']);
  });

  test('are all requests where the service has none of its own', () => {
    const talk = new Talk({ hasOwnMessages: false }).receive(init()).finish(sessionOf(1)).receive(own());
    expect(talk.asked.at(-1)).toBe('answer hello');
  });

  test('a request that fails leaves the session that is there', () => {
    const talk = new Talk().bind().receive(init('other')).finish();
    talk.receive(own());
    expect(talk.state).toBe('handling');
  });

  test('the tenth malformed request in a row is answered, and closes with 1008', () => {
    const talk = new Talk();
    const malformed = () => talk.receive(message('nonsense')).send({ type: 'message.finished', isMalformed: true });
    for (let count = 1; count <= 9; count++) malformed();
    expect(talk.state).toBe('waiting');
    talk.receive(init()).finish();
    for (let count = 1; count <= 9; count++) malformed();
    expect(talk.state).toBe('waiting');
    malformed();
    expect(talk.asked.filter((it) => it === 'answer malformed')).toHaveLength(19);
    expect(talk.asked.slice(-2)).toEqual(['answer malformed', 'close 1008']);
  });

  test('what waits is bounded by number: beyond it, nothing is read until it is worked off', () => {
    const talk = new Talk().receive(init(), init(), init(), init());
    expect(talk.isReading).toBe(true);
    talk.receive(init());
    expect(talk.isReading).toBe(false);
    talk.finish();
    expect(talk.isReading).toBe(true);
  });

  test('what waits is bounded by size, the message that is being answered apart', () => {
    const large = message(' '.repeat(1_001));
    const talk = new Talk().receive(large);
    expect(talk.isReading).toBe(true);
    talk.receive(init());
    expect(talk.isReading).toBe(false);
    talk.finish();
    expect(talk.isReading).toBe(true);
    talk.receive(large);
    expect(talk.isReading).toBe(false);
    talk.finish();
    expect(talk.isReading).toBe(true);
  });

  test('as many bytes as are allowed may wait', () => {
    const half = message(' '.repeat(500));
    expect(new Talk().receive(half, half).isReading).toBe(true);
    expect(new Talk().receive(half, half, message(' ')).isReading).toBe(false);
  });
});

describe('the end of a session', () => {
  const told = ['tell 1 removed', 'close 4001'];

  test('is told, and closes with 4001', () => {
    expect(new Talk().bind().end().asked).toEqual(told);
  });

  test('of another is nothing to this connection', () => {
    const talk = new Talk().end().bind().end(2);
    expect(talk.state).toBe('waiting');
    expect(talk.asked).toEqual([]);
  });

  test('ends what the service is doing for it', () => {
    const talk = new Talk().bind().receive(own('a'), own('b')).end();
    expect(talk.asked).toEqual(['handle a', ...told]);
    talk.finish();
    expect(talk.asked).toEqual(['handle a', ...told]);
  });

  test.each(['removed', 'expired', 'evicted'] as const)(
    'while a request is answered waits for the answer: %s',
    (cause) => {
      const talk = new Talk().bind().receive(init('other')).send({ type: 'session.ended', sessionId: 1, cause });
      expect(talk.asked).toEqual(['answer other']);
      talk.finish();
      expect(talk.asked).toEqual(['answer other', `tell 1 ${cause}`, 'close 4001']);
    },
  );

  test('while a request is answered does not matter if that brings a new session', () => {
    const talk = new Talk().bind().receive(init('other'), own('next')).end().finish(sessionOf(2));
    expect(talk.asked).toEqual(['answer other', 'handle next']);
    talk.end(1);
    expect(talk.state).toBe('handling');
    talk.end(2);
    expect(talk.asked.slice(-2)).toEqual(['tell 2 removed', 'close 4001']);
  });

  test('while the client is pinged is told as well', () => {
    const talk = new Talk().bind();
    talk.clock.increment(30_000);
    expect(talk.end().asked).toEqual(['ping', ...told]);
  });
});

describe('silence', () => {
  test('is broken by a ping; who does not answer it is closed with 1008', () => {
    const talk = new Talk().bind();
    talk.clock.increment(29_999);
    expect(talk.asked).toEqual([]);
    talk.clock.increment(1);
    expect(talk.state).toBe('probing');
    talk.clock.increment(9_999);
    expect(talk.asked).toEqual(['ping']);
    talk.clock.increment(1);
    expect(talk.asked).toEqual(['ping', 'close 1008']);
  });

  test('a pong or a message is a sign of life', () => {
    const talk = new Talk().bind();
    talk.clock.increment(30_000);
    talk.send({ type: 'pong.received' });
    expect(talk.state).toBe('waiting');
    talk.clock.increment(30_000);
    talk.receive(init());
    expect(talk.state).toBe('answering');
  });

  test('pongs keep nobody who says nothing: after the idle time-out it is closed with 1000, exactly', () => {
    const talk = new Talk();
    talk.clock.increment(20_000);
    talk.bind();
    for (let count = 0; count < 3; count++) {
      talk.clock.increment(30_000);
      talk.send({ type: 'pong.received' });
    }
    talk.clock.increment(9_999);
    expect(talk.state).toBe('waiting');
    talk.clock.increment(1);
    expect(talk.asked).toEqual(['ping', 'ping', 'ping', 'close 1000']);
  });

  test('an unasked pong changes nothing', () => {
    const talk = new Talk().send({ type: 'pong.received' });
    talk.clock.increment(30_000);
    expect(talk.asked).toEqual(['close 1008']);
  });

  test('of a service that handles a message closes with 1011', () => {
    const talk = new Talk().bind().receive(own());
    talk.clock.increment(19_999);
    expect(talk.state).toBe('handling');
    talk.clock.increment(1);
    expect(talk.asked).toEqual(['handle hello', 'close 1011']);
  });

  test('a request is answered within the deadline of the orchestrator, so it has none here', () => {
    const talk = new Talk().receive(init());
    talk.clock.increment(10_000_000);
    expect(talk.state).toBe('answering');
  });
});

describe('a shut-down', () => {
  const draining = { type: 'server.draining' } as const;

  test.each([
    ['greeting', () => new Talk()],
    ['waiting', () => new Talk().bind()],
  ])('closes at once with 1001 what has nothing to do: %s', (state, talkIn) => {
    const talk = talkIn();
    expect(talk.state).toBe(state);
    expect(talk.send(draining).asked).toEqual(['close 1001']);
  });

  test('lets what has come be finished, takes nothing new, and closes with 1001', () => {
    const talk = new Talk().bind().receive(own('a'), init('b')).send(draining).receive(init('late'));
    expect(talk.asked).toEqual(['handle a']);
    talk.finish().receive(init('later')).finish();
    expect(talk.asked).toEqual(['handle a', 'answer b', 'close 1001']);
  });

  test('that is told twice is told once', () => {
    expect(new Talk().send(draining, draining).asked).toEqual(['close 1001']);
  });
});

describe('closing', () => {
  const close = { type: 'connection.close', closure: { code: 3999, reason: 'enough' } } as const;

  test('for a cause from outside takes its code', () => {
    const talk = new Talk().receive(init()).send(close);
    expect(talk.asked).toEqual(['answer ada', 'close 3999']);
  });

  test('drops what still comes, and keeps its cause', () => {
    const talk = new Talk().bind().send(close);
    talk.receive(init(), own()).finish(sessionOf(2)).end().end(2);
    talk.send({ type: 'server.draining' }, { type: 'pong.received' }, { ...close, closure: CLOSURES.failed });
    expect(talk.asked).toEqual(['close 3999']);
    talk.send({ type: 'socket.closed', closure: gone });
    expect(talk.state).toBe('closed');
    expect(talk.actor.getSnapshot().output).toEqual(close.closure);
  });

  test('a client that does not close its side is cut off', () => {
    const talk = new Talk().send(close);
    talk.clock.increment(4_999);
    expect(talk.asked).toEqual(['close 3999']);
    talk.clock.increment(1);
    expect(talk.asked).toEqual(['close 3999', 'terminate']);
    expect(talk.send({ type: 'socket.closed', closure: gone }).state).toBe('closed');
  });

  test.each([
    ['greeting', () => new Talk()],
    ['answering', () => new Talk().receive(init(), init())],
    ['handling', () => new Talk().bind().receive(own())],
    ['waiting', () => new Talk().bind()],
  ])('by the client ends it in every state, and leaves no timer: %s', (state, talkIn) => {
    const talk = talkIn();
    expect(talk.state).toBe(state);
    talk.send({ type: 'socket.closed', closure: gone });
    expect(talk.state).toBe('closed');
    expect(talk.actor.getSnapshot().output).toEqual(gone);
    expect(talk.clock.pending).toBe(0);
    talk.receive(init()).finish();
    expect(talk.errors).toEqual([]);
  });
});

describe('any order of events', () => {
  test('asks for one thing at a time, closes once, and leaves nothing behind', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (events) => {
        const talk = new Talk();
        let begun = 0;
        let finished = 0;
        for (const it of events) {
          if (it.type === 'wait') talk.clock.increment(it.milliseconds);
          // A peer tells the end only of what it was asked for.
          else if (it.type !== 'message.finished' || finished < begun) {
            if (it.type === 'message.finished') finished++;
            talk.send(it);
          }
          begun = talk.asked.filter((asked) => /^(answer|handle)/.test(asked)).length;
          expect(begun - finished).toBeLessThanOrEqual(1);
        }
        talk.send({ type: 'socket.closed', closure: gone });
        expect(talk.state).toBe('closed');
        expect(talk.clock.pending).toBe(0);
        expect(talk.errors).toEqual([]);
        const closed = talk.asked.findIndex((asked) => asked.startsWith('close'));
        if (closed >= 0) expect(talk.asked.slice(closed + 1).filter((asked) => asked !== 'terminate')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

test('ASVS 16.2.5: neither a snapshot nor an inspection event shows the secret of a message', () => {
  const talk = new Talk().receive(init(), init());
  const shown = [talk.actor.getSnapshot(), talk.actor.getPersistedSnapshot(), talk.inspected]
    .map((it) => inspect(it, { depth: 9, showHidden: true }))
    .join();
  expect(shown).toContain('ReceivedMessage');
  expect(shown).not.toContain('marked-user-secret-2');
  expect(JSON.stringify(talk.actor.getPersistedSnapshot())).not.toContain('marked-user-secret-2');
});
