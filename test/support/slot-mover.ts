import { setTimeout as wait } from 'node:timers/promises';
import { loadIoredis } from '../../src/adapters/redis-client/load-ioredis.js';
import { openClient, type RedisClient } from '../../src/adapters/redis-client/open-client.js';
import { readServer } from '../../src/adapters/redis-client/server-options.js';
import type { Redis } from './redis.js';

const SLOTS = 16_384;

/** A master, as the others know it. */
interface Master {
  readonly port: number;
  readonly id: string;
  readonly client: RedisClient;
}

/** Slots that leave one master. */
interface Leaving {
  readonly from: Master;
  readonly slots: readonly number[];
}

/** Slots on their way to another master, by the commands that redis-cli gives, and as slowly as a test wants it. */
export class MovingSlots {
  readonly #to: Master;
  readonly #others: readonly Master[];
  readonly #leaving: readonly Leaving[];

  constructor(to: Master, masters: readonly Master[], leaving: readonly Leaving[]) {
    this.#to = to;
    this.#others = masters;
    this.#leaving = leaving;
  }

  /** From now on the new master is asked for what the old one does not have. */
  async begin(): Promise<void> {
    for (const { from, slots } of this.#leaving) {
      await setSlots(this.#to, slots, 'IMPORTING', from.id);
      await setSlots(from, slots, 'MIGRATING', this.#to.id);
    }
  }

  /** Carries all keys over, one or two of each slot at a time, any. @param pause - milliseconds in between */
  async carry(pause: number): Promise<void> {
    await Promise.all(
      this.#leaving.map(async ({ from, slots }) => {
        for (let left = slots; left.length > 0; ) {
          await wait(pause);
          const isLeft = await Promise.all(left.map((slot) => this.#carrySome(from, slot)));
          left = left.filter((_, i) => isLeft[i]);
        }
      }),
    );
  }

  /** The slots are the new master's, and all others hear of it. */
  async finish(): Promise<void> {
    for (const { from, slots } of this.#leaving) {
      const others = this.#others.filter((master) => master !== from && master !== this.#to);
      for (const master of [this.#to, from, ...others]) await setSlots(master, slots, 'NODE', this.#to.id);
    }
  }

  /** The slots stay where they are, since the new master is there no more. */
  async giveUp(): Promise<void> {
    for (const { from, slots } of this.#leaving) await setSlots(from, slots, 'STABLE');
  }

  /** @returns whether there was something */
  async #carrySome({ client }: Master, slot: number): Promise<boolean> {
    const keys = (await client.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    if (keys.length === 0) return false;
    const start = Math.floor(Math.random() * keys.length);
    const some = keys.slice(start, start + 1 + Math.round(Math.random()));
    await client.call('MIGRATE', '127.0.0.1', this.#to.port, '', 0, 5_000, 'KEYS', ...some);
    return true;
  }
}

/** Tells the masters of a cluster which slots are whose. */
export class SlotMover {
  readonly #masters: readonly Master[];

  private constructor(masters: readonly Master[]) {
    this.#masters = masters;
  }

  /** @param servers - all masters */
  static async open(servers: readonly Redis[]): Promise<SlotMover> {
    const ioredis = await loadIoredis('a test');
    const masters = servers.map(async ({ port, url }) => {
      const client = openClient(ioredis, readServer({ url }), {});
      return { port, client, id: String(await client.call('CLUSTER', 'MYID')) };
    });
    return new SlotMover(await Promise.all(masters));
  }

  async slotOf(key: string): Promise<number> {
    return Number(await this.#masters[0]?.client.call('CLUSTER', 'KEYSLOT', key));
  }

  /** Slots that are to move to one of the masters. Those that are there already stay. */
  async moving(slots: readonly number[], to: number): Promise<MovingSlots> {
    const owners = await this.#owners();
    const leaving = this.#masters.map((from, i) => ({
      from,
      slots: i === to ? [] : slots.filter((slot) => owners[slot] === i),
    }));
    return new MovingSlots(this.#masters[to] as Master, this.#masters, leaving);
  }

  /** A slot that is to move to the next master. */
  async movingOn(slot: number): Promise<MovingSlots> {
    const owner = (await this.#owners())[slot] as number;
    return this.moving([slot], (owner + 1) % this.#masters.length);
  }

  async close(): Promise<void> {
    for (const { client } of this.#masters) client.disconnect();
  }

  async #owners(): Promise<number[]> {
    const ranges = (await this.#masters[0]?.client.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
    const owners = new Array<number>(SLOTS);
    for (const [first, last, [, port]] of ranges) {
      owners.fill(
        this.#masters.findIndex((master) => master.port === port),
        first,
        last + 1,
      );
    }
    return owners;
  }
}

async function setSlots({ client }: Master, slots: readonly number[], ...state: string[]): Promise<void> {
  await Promise.all(slots.map((slot) => client.call('CLUSTER', 'SETSLOT', slot, ...state)));
}
