import * as z from 'zod';

/*
 * What is said between the authenticator and a web service. The package ships the JSON Schema of each message, as
 * `session-init/schemas/HttpAuthenticatorRequest.json` and so on.
 */

/** More properties may come with later versions. */
const requestSchema = z
  .object({
    username: z.string().describe('The name that is asserted. It is untrusted text.'),
    secret: z.string().min(1).describe('The secret that is to prove it, whole and as it came.'),
    one_time_code: z.string().optional().describe('The code of a second factor, if it came apart from the secret.'),
    ip_address: z.string().optional().describe("The client's IPv4 or IPv6 address, if it is known."),
  })
  .describe('Is the user who they say? The body of the POST.');

/** No property may be there that is not known: a yes by mistake would let somebody in. */
export const yesSchema = z
  .strictObject({
    user: z.string().min(1).describe('The name of the user as the service knows it: the user of the session.'),
    groups: z.array(z.string()).optional().describe('The groups of the user, for the authorizer.'),
    claims: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Whatever else the service knows of the user, for the authorizer.'),
  })
  .describe('Yes: the body of an answer with status 200.');

export const noSchema = z
  .strictObject({
    cause: z
      .string()
      .regex(/^[a-zA-Z]{1,40}$/)
      .describe(
        'Why not, for the log and for compositions: unknownUser or wrongSecret with 401; locked, disabled, expired or a word of your own with 403. Clients do not see it.',
      ),
  })
  .describe('No: the body of an answer with status 401 or 403.');

export type HttpAuthenticatorRequest = z.input<typeof requestSchema>;

const published = (schema: z.ZodType, title: string) => ({
  ...z.toJSONSchema(schema, { io: 'input', target: 'draft-07' }),
  $id: `urn:session-init:${title}`,
  title,
});

/** The JSON Schemas (draft-07) of the messages. */
export const httpAuthenticatorSchemas = [
  published(requestSchema, 'HttpAuthenticatorRequest'),
  published(yesSchema, 'HttpAuthenticatorYes'),
  published(noSchema, 'HttpAuthenticatorNo'),
];
