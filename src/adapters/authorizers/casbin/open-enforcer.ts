import type { Enforcer, Model } from 'casbin';
import { ConfigurationError, MissingPackageError } from '../../../model/errors.js';
import { readPolicyFile } from '../../policy-file.js';

type Casbin = typeof import('casbin');

/**
 * Makes an enforcer from a model and a policy file. Casbin takes a policy line that it cannot use without a word, and a
 * line that denies would be missing; here every such line is an error.
 *
 * @throws ConfigurationError if a file cannot be read, or is not valid
 * @throws MissingPackageError if casbin is not installed
 */
export async function openEnforcer(name: string, modelPath: string, policyPath: string): Promise<Enforcer> {
  const casbin = await loadCasbin(name);
  const [modelText, policyText] = await Promise.all([
    readPolicyFile(`${name}: the model`, modelPath),
    readPolicyFile(`${name}: the policy`, policyPath),
  ]);
  const model = parseModel(casbin, `${name}: the model ${modelPath}`, modelText);
  addPolicy(casbin, model, `${name}: the policy ${policyPath}`, policyText);
  const enforcer = await casbin.newEnforcer(model);
  await enforcer.buildRoleLinks();
  return enforcer;
}

async function loadCasbin(name: string): Promise<Casbin> {
  try {
    return await import('casbin');
  } catch (cause) {
    throw new MissingPackageError('casbin', `The authorizer ${name}`, { cause });
  }
}

function parseModel({ newModelFromString }: Casbin, what: string, text: string): Model {
  try {
    return newModelFromString(text);
  } catch (cause) {
    throw new ConfigurationError(`${what} is not valid: ${(cause as Error).message}.`, { cause });
  }
}

function addPolicy({ Helper }: Casbin, model: Model, what: string, text: string): void {
  const problems = text.split(/\r?\n/).flatMap((line, index) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const problem = addLine(Helper, model, line);
    return problem === undefined ? [] : [`${what}, line ${index + 1}: ${problem}`];
  });
  if (problems.length === 0 && !hasRules(model)) {
    problems.push(`${what} has no rule (p, …), so that nobody may have a session. Write one.`);
  }
  if (problems.length > 0) throw new ConfigurationError(problems.join(' '), { problems });
}

/** Whether there is a rule at all: without one, casbin evaluates a matcher over empty texts, which may well hold. */
export function hasRules(model: Model): boolean {
  return [...(model.model.get('p')?.values() ?? [])].some(({ policy }) => policy.length > 0);
}

/** @returns what is wrong with the line */
function addLine(Helper: Casbin['Helper'], model: Model, line: string): string | undefined {
  const definitions = ['p', 'g'].flatMap((section) => [...(model.model.get(section)?.values() ?? [])]);
  const counts = definitions.map(({ policy }) => policy.length);
  try {
    Helper.loadPolicyLine(line, model);
  } catch (cause) {
    return `${(cause as Error).message}.`;
  }
  const definition = definitions.find(({ policy }, index) => policy.length > (counts[index] as number));
  if (definition === undefined) {
    return `a line begins with a type that the model defines: ${definitions.map(({ key }) => key).join(', ')}.`;
  }
  const rule = definition.policy.at(-1) as readonly string[];
  const fields = definition.tokens.length || (definition.value.match(/_/g) ?? []).length;
  if (rule.length !== fields) {
    return `the model defines ${definition.key} with ${fields} fields, and there are ${rule.length}.`;
  }
  const effect = rule[definition.tokens.indexOf(`${definition.key}_eft`)];
  if (effect !== undefined && effect !== 'allow' && effect !== 'deny') return 'its effect must be allow or deny.';
  return undefined;
}
