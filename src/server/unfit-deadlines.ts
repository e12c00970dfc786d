import type { ConfigProblem } from './config-problems.js';
import type { ServerConfig } from './config-schema.js';

/**
 * Deadlines of backends, and of the store of the sessions, that are no shorter than that of the phase. The phase would give up first, and a call that is given
 * up says nothing about the backend, so a breaker would never open before one that hangs.
 */
export function findUnfitDeadlines(config: ServerConfig): ConfigProblem[] {
  const { authenticator, authenticators, authorizer } = config;
  return [
    ...unfit(config, 'authentication', ['authenticator'], authenticator),
    ...Object.entries(authenticators).flatMap(([name, settings]) =>
      unfit(config, 'authentication', ['authenticators', name], settings),
    ),
    ...unfit(config, 'authorization', ['authorizer'], authorizer),
    ...unfitTimeout(config),
  ];
}

function unfitTimeout({ deadlines, sessionManager }: ServerConfig): ConfigProblem[] {
  if (!('timeout' in sessionManager) || sessionManager.timeout < deadlines.session) return [];
  const text = 'it must be shorter than deadlines.session, or nobody learns why the store has not answered.';
  return [{ path: ['sessionManager', 'timeout'], text }];
}

function unfit(
  { deadlines }: ServerConfig,
  phase: 'authentication' | 'authorization',
  path: readonly string[],
  { resilience }: { readonly type: string; readonly resilience?: { readonly deadline: number } | undefined },
): ConfigProblem[] {
  if (resilience === undefined || resilience.deadline < deadlines[phase]) return [];
  const text = `it must be shorter than deadlines.${phase}, or a backend that hangs is never found to be down.`;
  return [{ path: [...path, 'resilience', 'deadline'], text }];
}
