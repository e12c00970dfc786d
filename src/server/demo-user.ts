import { customAlphabet } from 'nanoid';
import { hashPassword, writeUsersFile } from '../adapters/authenticators/users-file.js';
import { Secret } from '../model/secret.js';

/** The user that the very first start makes, so that there is somebody to try the server with. */
export interface DemoUser {
  readonly name: string;
  /** It is random, and kept nowhere: the users file has its hash. */
  readonly secret: Secret;
  /** Writes the users file. @returns whether it has: not if somebody was faster, and there are users now */
  save(usersFile: string): Promise<boolean>;
}

/** Letters and digits that nobody mistakes for one another: twenty of these 32 are 100 bits. */
const randomText = customAlphabet('23456789abcdefghijkmnpqrstuvwxyz', 20);

/** @throws MissingPackageError if the package that hashes its secret is not installed */
export async function newDemoUser(): Promise<DemoUser> {
  const name = 'demo';
  const secret = new Secret((randomText().match(/.{5}/g) ?? []).join('-'));
  const hash = await hashPassword(secret);
  return {
    name,
    secret,
    save: (usersFile) =>
      writeUsersFile(usersFile, (users) => {
        if (users.size > 0) return false;
        users.set(name, { hash, groups: [], disabled: false });
        return true;
      }),
  };
}
