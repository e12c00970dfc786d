import type { SessionCreation, SessionManager } from '../../index.js';
import type { Setting } from './script.js';
import type { InitStory } from './story.js';

/** Says which sessions must be alive, by what was created and removed; it knows nothing of how a store keeps them. */
export class SessionBook {
  readonly #setting: Setting;
  readonly #store: SessionManager;
  readonly #broken: (promise: string, says: string) => void;
  /** Ids by user, in the order of their creation. */
  readonly #live = new Map<string, number[]>();
  /** Of whom a session is: the init that got it last, since `reuse` hands one on. */
  readonly #holders = new Map<number, InitStory>();
  readonly evicted: number[] = [];

  constructor(setting: Setting, store: SessionManager, broken: (promise: string, says: string) => void) {
    this.#setting = setting;
    this.#store = store;
    this.#broken = broken;
  }

  /** The ids that must be alive, ascending. */
  get live(): number[] {
    return [...this.#live.values()].flat().sort((left, right) => left - right);
  }

  holderOf(id: number): InitStory | undefined {
    return this.#holders.get(id);
  }

  /** Enters what `creation` comes to, and looks whether the store keeps its limit (P8). */
  async note(story: InitStory, user: string, creation: Promise<SessionCreation>): Promise<SessionCreation> {
    const made = await creation;
    const { limitPolicy, maxSessionsPerUser } = this.#setting;
    const ids = this.#live.get(user) ?? [];
    this.#live.set(user, ids);
    if (made.outcome === 'limitReached') {
      if (limitPolicy !== 'refuse' || ids.length < maxSessionsPerUser) {
        this.#broken('P8', `${user} was refused a session, with ${ids.length} of ${maxSessionsPerUser}`);
      }
      return made;
    }
    const { session_id: id, session_secret: secret } = made.session;
    story.created = { id, secret };
    if (limitPolicy === 'evictOldest') {
      const gone = ids.splice(0, Math.max(0, ids.length + 1 - maxSessionsPerUser));
      this.evicted.push(...gone);
    }
    if (!ids.includes(id)) ids.push(id);
    this.#holders.set(id, story);
    const most = limitPolicy === 'allow' ? Number.POSITIVE_INFINITY : limitPolicy === 'reuse' ? 1 : maxSessionsPerUser;
    const { length } = await this.#store.listByUser(user);
    if (length > most) this.#broken('P8', `${user} has ${length} sessions, and ${most} are allowed`);
    return made;
  }

  removed(id: number): void {
    for (const ids of this.#live.values()) {
      const index = ids.indexOf(id);
      if (index >= 0) ids.splice(index, 1);
    }
  }
}
