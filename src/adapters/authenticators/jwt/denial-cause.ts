import type { errors } from 'jose';

/** What a token is denied for, by the claim that does not fit. */
const BY_CLAIM: Readonly<Record<string, string>> = {
  aud: 'wrongAudience',
  typ: 'wrongType',
  exp: 'wrongExpiry',
  nbf: 'notYetValid',
  iat: 'wrongIssueTime',
};

/**
 * Why a token is no proof, from what jose threw.
 *
 * @returns undefined if it is not the token that is wrong
 */
export function denialCause(error: unknown, jose: typeof errors): string | undefined {
  if (error instanceof jose.JWTExpired) return 'expired';
  if (error instanceof jose.JWTClaimValidationFailed) return BY_CLAIM[error.claim] ?? 'malformedToken';
  if (error instanceof jose.JWSSignatureVerificationFailed) return 'badSignature';
  if (error instanceof jose.JWKSNoMatchingKey) return 'unknownKey';
  if (error instanceof jose.JOSEAlgNotAllowed) return 'algorithmNotAllowed';
  const isMalformed =
    error instanceof jose.JWSInvalid || error instanceof jose.JWTInvalid || error instanceof jose.JOSENotSupported;
  return isMalformed ? 'malformedToken' : undefined;
}
