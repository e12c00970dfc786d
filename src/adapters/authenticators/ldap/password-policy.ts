import type { BerReader, Control } from 'ldapts';

const OID = '1.3.6.1.4.1.42.2.27.8.5.1';
const WARNING = 0xa0;
const ERROR = 0x81;

/** Asks for the state of an account, and holds it once the answer is there. */
export interface PasswordPolicyControl extends Control {
  /** What the server said: 0 is an expired password, 1 a locked account, 2 a password that must be changed. */
  readonly error: number | undefined;
}

/**
 * Makes the class of the control of draft-behera-ldap-password-policy: sent with a bind, it asks a server to say why it
 * says no. ldapts reads the answer into the very object that went with the request, so each bind needs one of its own.
 */
export function policyControlOf({ Control }: typeof import('ldapts')): new () => PasswordPolicyControl {
  return class extends Control {
    error: number | undefined;

    constructor() {
      super(OID);
    }

    protected override parseControl(reader: BerReader): void {
      reader.readSequence();
      if (reader.peek() === WARNING) {
        reader.readSequence();
        reader.offset += reader.length;
      }
      if (reader.peek() === ERROR) this.error = reader.readTag(ERROR) ?? undefined;
    }
  };
}
