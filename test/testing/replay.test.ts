import { describe, expect, test } from '@jest/globals';
import {
  allowAllAuthorizer,
  ConfigurationError,
  createSessionOrchestrator,
  groupsAuthorizer,
  type InitRecording,
  machineHash,
  memorySessionManager,
  sessionInitMachine,
  staticAuthenticator,
} from '../../src/index.js';
import { seededRandom } from '../../src/testing/exploration/random.js';
import { randomSchedule, randomSetting } from '../../src/testing/exploration/random-schedule.js';
import { run, type Scheduler } from '../../src/testing/exploration/run.js';
import { type InitRecorder, recordInits } from '../../src/testing/record-inits.js';
import { replay } from '../../src/testing/replay.js';
import { InitWorld, type Script, USER_SECRET } from '../support/init-world.js';
import { BEHAVIOURS, YES } from '../support/scripted-backends.js';

async function recordScript(script: Script, prepare: (world: InitWorld) => void = () => {}): Promise<InitRecording> {
  const world = new InitWorld(() => script);
  const { recordings } = recordInits(world.orchestrator);
  prepare(world);
  world.init('alice');
  await world.comeToRest();
  return recordings[0] as InitRecording;
}

const GOOD: Script = { authentication: YES, authorization: YES, session: YES };

describe('a recorded init replays to the identical response', () => {
  test.each(['authentication', 'authorization', 'session'] as const)(
    'whatever the backend of %s does',
    async (phase) => {
      for (const behaviour of BEHAVIOURS) {
        const recording = await recordScript({ ...GOOD, [phase]: behaviour });
        const { difference, response } = await replay(JSON.stringify(recording));
        expect({ behaviour: behaviour.name, difference }).toEqual({ behaviour: behaviour.name, difference: undefined });
        expect(response?.success).toBe(recording.response['success']);
      }
    },
    60_000,
  );

  test.each(['compiled', 'actor'] as const)(
    'whatever the schedule, on the engine %s',
    async (engine) => {
      const states = new Set<string>();
      for (let seed = 1; seed <= 150; seed++) {
        const random = seededRandom(seed);
        const setting = randomSetting(random, engine);
        const { moment, deed } = randomSchedule(random);
        let recorder: InitRecorder | undefined;
        const recordThen: Scheduler['moment'] = (world) => {
          recorder ??= recordInits(world.orchestrator);
          return moment(world);
        };
        await run(setting, { moment: recordThen, deed });
        for (const recording of recorder?.recordings ?? []) {
          const { difference } = await replay(recording);
          expect({ seed, recording, difference }).toEqual({ seed, recording, difference: undefined });
          states.add(recording.steps.at(-1)?.state as string);
        }
      }
      expect(states.size).toBeGreaterThanOrEqual(8);
    },
    120_000,
  );

  test('on the real clock, too, where deadlines fire a little late', async () => {
    const authenticator = staticAuthenticator({ users: { alice: 'marked-user-secret-1' } });
    const orchestrator = createSessionOrchestrator({
      authenticator,
      authorizer: { name: 'never', authorize: () => new Promise(() => {}) },
      sessionManager: memorySessionManager(),
      deadlines: { authorization: 5 },
    });
    const { recordings } = recordInits(orchestrator);
    for (const user_secret of ['marked-user-secret-1', 'marked-wrong-secret']) {
      await orchestrator.init({ username: 'alice', user_secret }, { ipAddress: '192.0.2.1' });
    }
    await orchestrator.init({ username: 7 }, { ipAddress: '192.0.2.1' });
    await orchestrator.init({ username: 'alice', user_secret: 'x' }, { ipAddress: 'nowhere' });
    await orchestrator.close();
    const reasons = recordings.map(({ response }) => (response['data'] as { reason?: string }).reason);
    expect(reasons).toEqual(['AUTH_ATTEMPT_TIMEOUT', 'AUTHENTICATION_DENIED', 'OTHER', 'UNKNOWN']);
    for (const recording of recordings) expect((await replay(recording)).difference).toBeUndefined();
  });

  test('from a file that the page of the inspector has saved', async () => {
    const recording = await recordScript(GOOD);
    const saved = { format: 'session-init.recorded-init', version: 1, init: { state: 'authorized', recording } };
    expect((await replay(JSON.stringify(saved))).difference).toBeUndefined();
    await expect(replay({ ...saved, init: { state: 'authorized' } })).rejects.toThrow(
      'holds an init that was not sampled',
    );
  });

  test('an answer that came while its deadline was about to fire', async () => {
    const recording = await recordScript({ ...GOOD, authentication: { ...YES, after: 499 } });
    // Measured, its timer was 3 ms late, and the answer came first.
    const late: InitRecording = {
      ...recording,
      inputs: recording.inputs.map((input, index) => (index === 0 ? input : { ...input, at: 502 })),
      steps: recording.steps.map((step, index) => (index < 2 ? step : { ...step, at: 502 })),
    };
    expect((await replay(late)).difference).toBeUndefined();
  });
});

describe('where it differs is told', () => {
  test('with another authorizer: the step', async () => {
    const { difference, response } = await replay(await recordScript(GOOD), {
      authorizer: groupsAuthorizer({ anyOf: ['nobody'] }),
    });
    expect(response?.success).toBe(false);
    expect(difference).toEqual({
      at: 'step 4',
      recorded: 'establishing',
      replayed: 'notAuthorized',
      says: 'step 4: recorded "establishing", and replayed "notAuthorized"',
    });
  });

  test('with an authorizer that says the same: nowhere', async () => {
    const { difference } = await replay(await recordScript(GOOD), { authorizer: allowAllAuthorizer() });
    expect(difference).toBeUndefined();
  });

  test('with other deadlines: the step', async () => {
    const recording = await recordScript({ ...GOOD, session: { ...YES, after: 450 } });
    const { difference } = await replay(recording, { deadlines: { session: 400 } });
    expect(difference?.says).toBe('step 5: recorded "authorized", and replayed "sessionManagerFailed"');
  });

  test('in the response: the property', async () => {
    const recording = await recordScript(GOOD);
    const data = { ...(recording.response['data'] as object), user: 'bob' };
    const { difference } = await replay({ ...recording, response: { ...recording.response, data } });
    expect(difference).toMatchObject({ at: 'data.user', recorded: 'bob', replayed: 'alice' });
  });

  test('of a machine that was changed and now throws: the step, and what it threw', async () => {
    const machine = sessionInitMachine.provide({
      guards: {
        isAuthorized: () => {
          throw new Error('marked defect');
        },
      },
    });
    const { difference, defect } = await replay(await recordScript(GOOD), { machine });
    expect(difference?.says).toBe('step 4: recorded "establishing", and replayed "failedUnexpectedly"');
    expect(String(defect)).toContain('marked defect');
  });
});

describe('P5: a recording', () => {
  test('holds no secret, and no message of a backend', async () => {
    const ends = [
      GOOD,
      { ...GOOD, authentication: BEHAVIOURS.find(({ name }) => name === 'throws an Error') as never },
    ];
    for (const script of ends) {
      let secret: string | undefined;
      const text = JSON.stringify(
        await recordScript(script, ({ log, orchestrator }) =>
          orchestrator.on('init.completed', () => {
            secret = [...log.live.values()][0]?.session_secret?.reveal();
          }),
        ),
      );
      expect(text).not.toContain(USER_SECRET);
      expect(text).not.toContain('marked-backend-text');
      expect(text).not.toContain('session_secret');
      if (secret !== undefined) expect(text).not.toContain(secret);
    }
  });

  test('is made only for who listens, and no longer than that', async () => {
    const world = new InitWorld(() => GOOD);
    const recorder = recordInits(world.orchestrator);
    world.init('alice');
    await world.comeToRest();
    recorder.stop();
    world.init('bob');
    await world.comeToRest();
    expect(recorder.recordings.map(({ request }) => request.username)).toEqual(['alice']);
  });
});

describe('what is no recording of this machine is refused, with what was expected', () => {
  test.each([
    [
      'another version of the machine',
      { machine: { id: 'sessionInit', hash: '0123456789abcdef' } },
      /expected sessionInit [0-9a-f]{16}, and it is of sessionInit 0123456789abcdef/,
    ],
    [
      'another machine',
      { machine: { id: 'connection', hash: machineHash(sessionInitMachine) } },
      /it is of connection/,
    ],
    ['a later version of the format', { version: 2 }, /at version, .*expected 1/],
    ['another format', { format: 'har' }, /at format, .*session-init\/recording/],
    ['no steps', { steps: [] }, /at steps, /],
    [
      'an input of nobody',
      { inputs: [{ at: 1, from: 'nobody', answer: { outcome: 'yes' } }] },
      /at inputs\.0, expected at, from \(caller, admit, .*\), and an answer, a fault or a cancel/,
    ],
    ['a time before the start', { steps: [{ state: 'admitting', at: -1 }] }, /at steps\.0\.at/],
  ])('%s', async (_, change, message) => {
    const recording = { ...(await recordScript(GOOD)), ...change };
    const error = await replay(recording).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
  });

  test('a file of the page of an init that was not sampled', async () => {
    const saved = { format: 'session-init.recorded-init', version: 1, init: { referenceId: 'x', state: 'authorized' } };
    await expect(replay(JSON.stringify(saved))).rejects.toThrow(/an init that was not sampled.*whose events are shown/);
  });

  test.each(['', undefined, null, 7, '{', '[]', 'null'])('%p', async (value) => {
    await expect(replay(value)).rejects.toThrow('This is no recording of an init: at the whole, ');
  });
});

describe('machineHash', () => {
  test('is the same for another implementation, and for nothing else', () => {
    const provided = sessionInitMachine.provide({ guards: { isDenied: () => false } });
    expect(machineHash(provided)).toBe(machineHash(sessionInitMachine));
    const { config } = sessionInitMachine;
    const described = {
      ...sessionInitMachine,
      definition: { ...sessionInitMachine.definition, description: 'another' },
    };
    expect(machineHash(described as never)).toBe(machineHash(sessionInitMachine));
    const renamed = { ...sessionInitMachine, definition: { ...sessionInitMachine.definition, id: `${config.id}2` } };
    expect(machineHash(renamed as never)).not.toBe(machineHash(sessionInitMachine));
  });
});
