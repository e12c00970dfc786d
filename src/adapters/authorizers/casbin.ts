import { resolve } from 'node:path';
import type { Enforcer } from 'casbin';
import { BackendFaultError, ClosedError, ConfigurationError } from '../../model/errors.js';
import { unknownOptions } from '../../model/known-options.js';
import { abortableOf } from '../../model/lazy-signal.js';
import type { AuthorizationOutcome, AuthorizationRequest, Authorizer, CallOptions } from '../ports.js';
import { withGroupsAsRoles } from './casbin/groups-as-roles.js';
import { hasRules, openEnforcer } from './casbin/open-enforcer.js';

/** What is used of an `Enforcer` of casbin: the package itself need not be installed for these types. */
export interface CasbinEnforcer {
  enforceSync(...values: unknown[]): boolean;
  getModel(): object;
  getNamedRoleManager(type: string): object | undefined;
}

/** Options of {@link casbinAuthorizer}: either `model` and `policy`, or `enforcer`. */
export interface CasbinAuthorizerOptions {
  /** The file of the model (`model.conf`). A relative path starts from the working directory. */
  model?: string;
  /** The file of the policy (`policy.csv`). */
  policy?: string;
  /**
   * An enforcer of your own in place of the files, with the adapter and the watcher that you gave it. Its `g` is taught
   * the groups of whoever is asked for; nothing else of it is changed, and it is not closed.
   */
  enforcer?: CasbinEnforcer;
  /** What the user asks for. @defaultValue `'session'` */
  object?: string;
  /** What the user wants to do with it. @defaultValue `'create'` */
  action?: string;
  /**
   * What stands before the name of a user in the policy. It and `groupPrefix` keep a user from being named like a group:
   * neither may begin with the other. If the policy has bare names, make both of them empty.
   *
   * @defaultValue `'user:'`
   */
  userPrefix?: string;
  /** What stands before the name of a group in the policy. @defaultValue `'group:'` */
  groupPrefix?: string;
  /**
   * Makes what casbin is asked, for a model that wants something else than a subject, an object and an action.
   *
   * @param subject - the user's name in the policy; groups count as its roles
   * @defaultValue `(request, subject) => [subject, object, action]`
   */
  request?: (request: AuthorizationRequest, subject: string) => readonly unknown[];
  /** How the log calls it. @defaultValue `'casbin'` */
  name?: string;
}

/** An authorizer that can be opened ahead of its first call. */
export interface CasbinAuthorizer extends Authorizer {
  /**
   * Reads the files now, rather than with the first call, so that a service learns at its start whether they can be
   * used. Harmless if it is open; after a failure it can be called again.
   *
   * @throws ConfigurationError if a file cannot be read or is not valid, with every line of the policy that is wrong
   * @throws MissingPackageError if casbin is not installed
   */
  open(): Promise<void>;
}

/**
 * Asks a casbin policy. The groups that the authenticator found are roles (`g`), as if the policy said so.
 *
 * A policy is evaluated synchronously and line by line: the event loop waits for it. The files are read once.
 *
 * @throws ConfigurationError if an option cannot work. What is wrong with the files shows when they are opened.
 */
export function casbinAuthorizer(options: CasbinAuthorizerOptions): CasbinAuthorizer {
  checkOptions(options);
  const {
    name = 'casbin',
    object = 'session',
    action = 'create',
    userPrefix = 'user:',
    groupPrefix = 'group:',
  } = options;
  const { request: makeRequest = (_, subject) => [subject, object, action] } = options;
  let opening: Promise<Enforcer> | undefined;
  let isClosed = false;

  function opened(): Promise<Enforcer> {
    if (isClosed) throw new ClosedError(`The authorizer ${name}`);
    opening ??= open().catch((cause: unknown) => {
      opening = undefined;
      throw cause;
    });
    return opening;
  }

  async function open(): Promise<Enforcer> {
    if (options.enforcer !== undefined) return options.enforcer as Enforcer;
    const enforcer = await openEnforcer(name, resolve(options.model as string), resolve(options.policy as string));
    if (options.request === undefined) tryOut(enforcer);
    return enforcer;
  }

  /** A matcher is only compiled, and its functions only looked for, when somebody asks. */
  function tryOut(enforcer: Enforcer): void {
    try {
      enforcer.enforceSync(userPrefix, object, action);
    } catch (cause) {
      const [problem] = (cause as Error).message.split(', rvals');
      throw new ConfigurationError(`${name}: the model ${options.model} cannot be evaluated: ${problem}.`, { cause });
    }
  }

  async function authorize(request: AuthorizationRequest, caller: CallOptions): Promise<AuthorizationOutcome> {
    abortableOf(caller).throwIfAborted();
    const enforcer = await opened();
    const subject = userPrefix + request.user;
    const groups = request.groups?.map((group) => groupPrefix + group) ?? [];
    const allowed = ask(enforcer, { name: subject, groups }, () => makeRequest(request, subject));
    return allowed ? { outcome: 'authorized' } : { outcome: 'denied', cause: 'deniedByPolicy' };
  }

  function ask(enforcer: Enforcer, subject: Parameters<typeof withGroupsAsRoles>[1], values: () => readonly unknown[]) {
    let answer: unknown;
    try {
      // An enforcer that is about to load its policy again has none for a moment.
      if (!hasRules(enforcer.getModel())) throw new BackendFaultError('The policy has no rule.');
      answer = withGroupsAsRoles(enforcer, subject, () => enforcer.enforceSync(...values()));
    } catch (cause) {
      throw new BackendFaultError(`${name} could not evaluate its policy.`, { cause });
    }
    if (typeof answer !== 'boolean') throw new BackendFaultError(`${name} got no yes or no from its enforcer.`);
    return answer;
  }

  return {
    name,
    authorize,
    async open() {
      await opened();
    },
    async close() {
      isClosed = true;
    },
  };
}

const TEXTS = ['model', 'policy', 'object', 'action', 'name'] as const;

function checkOptions(options: CasbinAuthorizerOptions): void {
  const { name = 'casbin', enforcer, userPrefix = 'user:', groupPrefix = 'group:' } = options;
  const known = [...TEXTS, 'enforcer', 'userPrefix', 'groupPrefix', 'request'];
  const problems = [
    ...unknownOptions('casbinAuthorizer', options, known),
    ...TEXTS.filter((option) => options[option] !== undefined && !isText(options[option])).map(
      (option) => `${option} must be a text that is not empty.`,
    ),
  ];
  const files = [options.model, options.policy].filter((file) => file !== undefined).length;
  if (files !== (enforcer === undefined ? 2 : 0)) problems.push('it needs model and policy, or else an enforcer.');
  if (enforcer !== undefined && typeof enforcer?.enforceSync !== 'function') {
    problems.push('enforcer must be an enforcer of casbin.');
  }
  if (options.request !== undefined && typeof options.request !== 'function')
    problems.push('request must be a function.');
  if (typeof userPrefix !== 'string' || typeof groupPrefix !== 'string') {
    problems.push('userPrefix and groupPrefix must be texts.');
  } else if (
    userPrefix + groupPrefix !== '' &&
    (userPrefix.startsWith(groupPrefix) || groupPrefix.startsWith(userPrefix))
  ) {
    problems.push(
      'userPrefix and groupPrefix must not begin with each other, since a user could then be named like a group. ' +
        'If the policy has bare names, make both empty.',
    );
  }
  if (problems.length > 0) throw new ConfigurationError(`${name} cannot work: ${problems.join(' ')}`, { problems });
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
