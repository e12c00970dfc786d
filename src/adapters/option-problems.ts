import { X509Certificate } from 'node:crypto';

const LONGEST_WAIT = 2 ** 31 - 1;

/** @returns what is wrong with an option that must be a text, or an empty text */
export function requiredText(option: string, value: unknown): string {
  return typeof value === 'string' && value !== '' && !value.includes('\0') ? '' : `${option} must be given.`;
}

/** @returns what is wrong with an option that must be a duration, or an empty text */
export function millisecondsProblem(option: string, value: number): string {
  const isOne = Number.isSafeInteger(value) && value >= 1 && value <= LONGEST_WAIT;
  return isOne ? '' : `${option} must be a positive integer of milliseconds.`;
}

/** @returns what is wrong with an option that must be a number of things, or an empty text */
export function countProblem(option: string, value: number, least: number): string {
  return Number.isSafeInteger(value) && value >= least ? '' : `${option} must be an integer of at least ${least}.`;
}

/** @returns what is wrong with an option that must be one or more certificates in PEM, or an empty text */
export function certificatesProblem(option: string, value: string | readonly string[]): string {
  return [value].flat().every(isCertificate) ? '' : `${option} must hold certificates in PEM.`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
