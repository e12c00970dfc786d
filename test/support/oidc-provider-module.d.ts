/** What our tests use of oidc-provider, which brings no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface Client {
    readonly clientId: string;
  }

  export interface AccessToken {
    save(): Promise<string>;
    destroy(): Promise<void>;
  }

  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    readonly Client: { find(clientId: string): Promise<Client> };
    readonly AccessToken: {
      new (properties: Record<string, unknown>): AccessToken;
      find(value: string): Promise<AccessToken | undefined>;
    };
    readonly ResourceServer: new (
      identifier: string,
      properties: Record<string, unknown>,
    ) => object;
  }
}
