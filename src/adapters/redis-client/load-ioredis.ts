import { MissingPackageError } from '../../model/errors.js';

/** What is used of the package. */
export type Ioredis = Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>;

/** Loads the package that speaks to Redis. Nothing is cached here, so a failure is not either. */
export async function loadIoredis(neededBy: string): Promise<Ioredis> {
  try {
    const { Redis, Cluster } = await import('ioredis');
    return { Redis, Cluster };
  } catch (cause) {
    throw new MissingPackageError('ioredis', neededBy, { cause });
  }
}
