import { ConfigurationError } from '../model/errors.js';
import { unknownOptions } from '../model/known-options.js';

/** The methods without which an init cannot be answered, or not be taken back. */
const PORTS = {
  authenticator: ['authenticate'],
  authorizer: ['authorize'],
  sessionManager: ['create', 'remove'],
};

const OTHERS = [
  'deadlines',
  'throttle',
  'maxInFlight',
  'maxQueued',
  'sweepInterval',
  'onResponse',
  'engine',
  'inspect',
  'machine',
  'clock',
];

/**
 * Looks at the options of an orchestrator before anything is made of them: what is missing is told when the service
 * starts, not with its first request.
 *
 * @throws ConfigurationError with every problem
 */
export function checkOptions(options: object): void {
  const given = options as Record<string, Record<string, unknown> | undefined>;
  const problems = unknownOptions('createSessionOrchestrator', options, [...Object.keys(PORTS), ...OTHERS]);
  for (const [port, methods] of Object.entries(PORTS)) {
    const missing = methods.filter((method) => typeof given[port]?.[method] !== 'function');
    if (given[port] === undefined) problems.push(`createSessionOrchestrator needs ${port}.`);
    else if (missing.length > 0) problems.push(`${port} has no method ${missing.join(', ')}.`);
  }
  if (given['authenticator']?.['isSecondFactor'] === true) {
    problems.push(
      'authenticator is a second factor, and must not be the only one. Put it behind another with allOf().',
    );
  }
  if (problems.length > 0) throw new ConfigurationError(problems.join(' '), { problems });
}
