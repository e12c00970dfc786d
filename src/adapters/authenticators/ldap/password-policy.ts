import type { BerReader } from 'ldapts';

const OID = '1.3.6.1.4.1.42.2.27.8.5.1';

/**
 * The control of draft-behera-ldap-password-policy: sent with a bind, it asks a server to say why it says no. ldapts
 * reads the answer into the very object that went with the request, so each bind needs one of its own.
 *
 * @returns the control, and the error that the server gave: 0 is an expired password, 1 a locked account, 2 a password
 *   that must be changed
 */
export function passwordPolicyControl({ Control }: typeof import('ldapts')) {
  class PasswordPolicyControl extends Control {
    error: number | undefined;

    constructor() {
      super(OID);
    }

    protected override parseControl(reader: BerReader): void {
      reader.readSequence();
      const WARNING = 0xa0;
      if (reader.peek() === WARNING) {
        reader.readSequence();
        reader.offset += reader.length;
      }
      const ERROR = 0x81;
      if (reader.peek() === ERROR) this.error = reader.readTag(ERROR) ?? undefined;
    }
  }
  return new PasswordPolicyControl();
}
