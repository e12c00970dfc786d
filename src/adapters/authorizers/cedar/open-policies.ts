import { randomUUID } from 'node:crypto';
import type { CheckParseAnswer, DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import { ConfigurationError, MissingPackageError } from '../../../model/errors.js';
import { readPolicyFile } from '../../policy-file.js';

type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');

/** Policies that Cedar has parsed. */
export interface OpenPolicies {
  readonly cedar: Cedar;
  /** Under which Cedar keeps the policies and the schema, for as long as the process lives unless it is told otherwise. */
  readonly id: string;
  /** Has Cedar forget them. */
  close(): void;
}

/**
 * Reads policies, has Cedar parse them ahead, and holds them against the schema, if there is one.
 *
 * @throws ConfigurationError if a file cannot be read or is not valid, with every problem that Cedar names
 * @throws MissingPackageError if Cedar is not installed
 */
export async function openPolicies(name: string, policiesPath: string, schemaPath?: string): Promise<OpenPolicies> {
  const cedar = await loadCedar(name);
  const [what, schemaWhat] = [`${name}: the policies`, `${name}: the schema`];
  const text = await readPolicyFile(what, policiesPath);
  const schema = schemaPath === undefined ? undefined : await readPolicyFile(schemaWhat, schemaPath);
  const [policies, id] = [{ staticPolicies: text }, randomUUID()];
  const parts = cedar.policySetTextToParts(text);
  if (parts.type === 'success' && parts.policies.length + parts.policy_templates.length === 0) {
    throw new ConfigurationError(`${what} ${policiesPath} are none, so that nobody may have a session. Write one.`);
  }
  requireParsed(`${what} ${policiesPath}`, text, cedar.checkParsePolicySet(policies));
  if (schema !== undefined) {
    requireParsed(`${schemaWhat} ${schemaPath}`, schema, cedar.checkParseSchema(schema));
    const validation = cedar.validate({ policies, schema });
    const errors =
      validation.type === 'failure' ? validation.errors : validation.validationErrors.map(({ error }) => error);
    requireNone(`${what} ${policiesPath}`, text, errors);
    cedar.preparseSchema(id, schema);
  }
  cedar.preparsePolicySet(id, policies);
  return {
    cedar,
    id,
    close() {
      cedar.preparsePolicySet(id, { staticPolicies: '' });
      if (schema !== undefined) cedar.preparseSchema(id, '');
    },
  };
}

async function loadCedar(name: string): Promise<Cedar> {
  try {
    return await import('@cedar-policy/cedar-wasm/nodejs');
  } catch (cause) {
    throw new MissingPackageError('@cedar-policy/cedar-wasm', `The authorizer ${name}`, { cause });
  }
}

function requireParsed(what: string, text: string, answer: CheckParseAnswer): void {
  requireNone(what, text, answer.type === 'failure' ? answer.errors : []);
}

function requireNone(what: string, text: string, errors: readonly DetailedError[]): void {
  if (errors.length === 0) return;
  const problems = errors.map(({ message, help, sourceLocations }) => {
    const start = sourceLocations?.[0]?.start;
    const line = start === undefined ? '' : `, line ${lineOf(text, start)}`;
    return `${what}${line}: ${message}.${help ? ` ${help}.` : ''}`;
  });
  throw new ConfigurationError(problems.join(' '), { problems });
}

/** Cedar counts in bytes of UTF-8. */
function lineOf(text: string, offset: number): number {
  return Buffer.from(text).subarray(0, offset).toString().split('\n').length;
}
