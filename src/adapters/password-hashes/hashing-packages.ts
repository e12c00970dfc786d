import { MissingPackageError } from '../../model/errors.js';

/** Loads the package that computes argon2id. Nothing is cached here, so a failure is not either. */
export function loadArgon2(): Promise<typeof import('@node-rs/argon2')> {
  return load('@node-rs/argon2', 'argon2id', () => import('@node-rs/argon2'));
}

/** Loads the package that computes bcrypt. */
export function loadBcrypt(): Promise<typeof import('@node-rs/bcrypt')> {
  return load('@node-rs/bcrypt', 'bcrypt', () => import('@node-rs/bcrypt'));
}

async function load<T>(packageName: string, scheme: string, importIt: () => Promise<T>): Promise<T> {
  try {
    return await importIt();
  } catch (cause) {
    throw new MissingPackageError(packageName, `Verifying and making ${scheme} hashes`, { cause });
  }
}
