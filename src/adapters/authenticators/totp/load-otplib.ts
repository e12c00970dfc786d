import { MissingPackageError } from '../../../model/errors.js';

/** The package that computes codes. */
export type Otplib = typeof import('otplib');

let loaded: Otplib | undefined;

/**
 * Loads the package that computes codes. A failure is not kept.
 *
 * @param name - who needs it
 * @throws MissingPackageError if it is not installed
 */
export async function loadOtplib(name: string): Promise<Otplib> {
  try {
    loaded ??= await import('otplib');
    return loaded;
  } catch (cause) {
    throw new MissingPackageError('otplib', `The authenticator ${name}`, { cause });
  }
}
