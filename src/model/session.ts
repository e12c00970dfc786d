import { isWireTime } from './date-time.js';
import { normalizeIpAddress } from './ip-address.js';
import { Secret } from './secret.js';

/** The properties of a {@link Session}. What is absent stays absent. */
export interface SessionProperties {
  session_id: number;
  session_secret?: Secret | undefined;
  created?: Date | undefined;
  last_accessed?: Date | undefined;
}

/** The properties of a {@link FullAuthSession}. */
export interface FullAuthSessionProperties extends SessionProperties {
  ip_address: string;
  /** @defaultValue `'default'` */
  user?: string | undefined;
}

/** A session between a server and a client (seed, section 4.2). */
export class Session {
  /** The unique identifier of this session. */
  readonly session_id: number;
  /** The secret that opens this session: 64 lower-case hex characters, known to its client only. */
  declare readonly session_secret?: Secret;
  /** When this session was created. */
  declare readonly created?: Date;
  /** When this session was last used. */
  declare readonly last_accessed?: Date;

  constructor(properties: SessionProperties) {
    this.session_id = properties.session_id;
    if (properties.session_secret !== undefined) this.session_secret = properties.session_secret;
    if (properties.created !== undefined) this.created = properties.created;
    if (properties.last_accessed !== undefined) this.last_accessed = properties.last_accessed;
  }
}

/** A session that says whose it is and where it was asked for (seed, section 4.1). */
export class FullAuthSession extends Session {
  /** The IPv4 or IPv6 address of the client, in canonical form. */
  readonly ip_address: string;
  /** The user that the session belongs to. */
  readonly user: string;

  constructor(properties: FullAuthSessionProperties) {
    super(properties);
    this.ip_address = properties.ip_address;
    this.user = properties.user ?? 'default';
  }
}

/** Whether `value` is a session that can be handed to a client: whole, with a secret, and valid in each property. */
export function isEstablishable(value: unknown): value is FullAuthSession & { readonly session_secret: Secret } {
  return (
    value instanceof FullAuthSession &&
    Number.isSafeInteger(value.session_id) &&
    value.session_id > 0 &&
    value.session_secret instanceof Secret &&
    /^[0-9a-f]{64}$/.test(value.session_secret.reveal()) &&
    isWireTime(value.created) &&
    isWireTime(value.last_accessed) &&
    typeof value.user === 'string' &&
    typeof value.ip_address === 'string' &&
    normalizeIpAddress(value.ip_address) === value.ip_address
  );
}
