import { describe, expect, test } from '@jest/globals';
import { staticAuthenticator } from '../../src/adapters/authenticators/static.js';
import { allowAllAuthorizer } from '../../src/adapters/authorizers/allow-all.js';
import { groupsAuthorizer } from '../../src/adapters/authorizers/groups.js';
import { memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import { ConfigurationError } from '../../src/model/errors.js';
import { createSessionOrchestrator } from '../../src/orchestrator.js';

const ports = {
  authenticator: staticAuthenticator({ users: {} }),
  authorizer: allowAllAuthorizer(),
  sessionManager: memorySessionManager(),
};

function problemsOf(options: object): readonly string[] {
  try {
    createSessionOrchestrator(options as never);
    return [];
  } catch (error) {
    return (error as ConfigurationError).problems;
  }
}

describe('what is wrong with the options is told when the orchestrator is made, all at once', () => {
  test('nothing', () => {
    expect(problemsOf(ports)).toEqual([]);
  });

  test('a misspelt option', () => {
    expect(problemsOf({ ...ports, maxInflight: 1, throtle: false })).toEqual([
      'createSessionOrchestrator has no option maxInflight. Is maxInFlight meant?',
      expect.stringMatching(/^createSessionOrchestrator has no option throtle. There are: authenticator, authorizer, /),
    ]);
  });

  test('a port that is missing, or none', () => {
    const { create, ...rest } = ports.sessionManager;
    expect(create).toBeDefined();
    expect(problemsOf({ authenticator: { login() {} }, sessionManager: rest })).toEqual([
      'authenticator has no method authenticate.',
      'createSessionOrchestrator needs authorizer.',
      'sessionManager has no method create.',
    ]);
  });

  test('of a session manager, too: a limit that nobody set would be missing without a word', () => {
    expect(() => memorySessionManager({ maxSessionPerUser: 1 } as never)).toThrow(
      /no option maxSessionPerUser. There are: /,
    );
    expect(() => memorySessionManager({ idletimeout: 1 } as never)).toThrow(/Is idleTimeout meant\?/);
  });

  test('a groups authorizer without any group', () => {
    expect(() => groupsAuthorizer()).toThrow(ConfigurationError);
  });
});
