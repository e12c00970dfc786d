import { isError, isSystemError } from '../system-error.js';
import { printable } from './printable.js';

/** A chain of causes is followed so far. */
const MAX_DEPTH = 5;
const MAX_LENGTH = 1_000;
const MAX_FRAMES = 10;

/**
 * The causes of a failure in one line: the name, the code and the message of each error in the chain. No stack and no
 * other property of an error is shown, since drivers keep whole requests there; of what is no error, only its type.
 */
export function describeCause(cause: unknown): string {
  try {
    return printable(chainOf(cause).join(' <- '), MAX_LENGTH);
  } catch {
    return 'a cause that cannot be described';
  }
}

/** Where an error was made, in one line, for a defect that somebody has to find. The message is not in it. */
export function stackOf(cause: unknown): string | undefined {
  try {
    const frames = isError(cause) ? (cause.stack ?? '').match(/(?<=^ +at ).+$/gm) : null;
    return frames ? printable(frames.slice(0, MAX_FRAMES).join(' <- '), 2 * MAX_LENGTH) : undefined;
  } catch {
    return undefined;
  }
}

function chainOf(cause: unknown): string[] {
  const chain: string[] = [];
  let current = cause;
  while (current !== undefined && chain.length < MAX_DEPTH) {
    chain.push(describeLink(current));
    current = isError(current) ? current.cause : undefined;
  }
  return chain;
}

function describeLink(link: unknown): string {
  if (typeof link === 'string') return link;
  if (!isError(link)) return `a thrown ${link === null ? 'null' : typeof link}`;
  const name = isSystemError(link) ? `${link.name} (${link.code})` : link.name;
  const several = link instanceof AggregateError ? ` [${link.errors.map(describeLink).join('; ')}]` : '';
  return `${name}: ${link.message}${several}`;
}
