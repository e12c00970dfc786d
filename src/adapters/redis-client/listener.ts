import type { Redis } from 'ioredis';
import type { Clock } from '../../model/clock.js';
import { disconnect } from './open-client.js';
import { reconnectPause } from './reconnect-pause.js';

/** So often a connection on which nothing is said is asked whether it is still there, in milliseconds. */
const HEARTBEAT = 5_000;

/** Options of {@link listen}. */
export interface ListenOptions {
  channel: string;
  clock: Clock;
  /** Opens a connection of its own, that does not come back when it ends: to any server of a cluster, another each time. */
  open: () => Promise<Redis>;
  heard: (message: string) => void;
  /** Called when it listens again after it could not, or listens for the first time but not at once. */
  missed: () => void;
}

/** Hears what is published on a channel, for as long as it is not stopped. @returns a function that stops it */
export function listen({ channel, clock, open, heard, missed }: ListenOptions): () => void {
  let isStopped = false;
  let client: Redis | undefined;
  let timer: unknown;
  let failures = 0;

  const later = (callback: () => void, delay: number) => {
    timer = clock.setTimeout(callback, delay);
    (timer as { unref?: () => void } | undefined)?.unref?.();
  };

  function heartbeat(connected: Redis): void {
    // What does not answer in time is closed by the time-out of its socket.
    later(
      () =>
        connected.ping().then(
          () => !isStopped && heartbeat(connected),
          () => {},
        ),
      HEARTBEAT,
    );
  }

  async function connect(isFirst: boolean): Promise<void> {
    const connected = await open();
    if (isStopped) return;
    client = connected;
    connected.on('error', () => {});
    connected.on('message', (_channel: string, message: string) => heard(message));
    connected.once('end', () => {
      client = undefined;
      // With Sentinel, connections to them outlive one that has ended by itself.
      if (!isStopped) connected.disconnect();
      startAgain();
    });
    await connected.subscribe(channel);
    if (isStopped) return;
    failures = 0;
    heartbeat(connected);
    if (!isFirst) missed();
  }

  function start(isFirst: boolean): void {
    connect(isFirst).catch(() => {
      // A connection that cannot be used any more ends, and tells so; one that has ended already told nobody.
      if (client === undefined || client.status === 'end') startAgain();
      else client.disconnect();
    });
  }

  /** In a while. However often it is called for one connection, there is one next attempt. */
  function startAgain(): void {
    clock.clearTimeout(timer);
    if (isStopped) return;
    failures += 1;
    later(() => start(false), reconnectPause(failures));
  }

  start(true);
  return () => {
    isStopped = true;
    clock.clearTimeout(timer);
    if (client !== undefined) disconnect(client);
  };
}
