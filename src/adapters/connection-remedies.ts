const NOT_TRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
];

/**
 * What is wrong with a connection, by the code of Node's error, in words that name the remedy.
 *
 * @param host - the option that the name of the host is in
 */
export function connectionRemedies(host: string): Readonly<Record<string, string>> {
  const untrusted = "The server's certificate is not signed by a CA that is trusted. Give the CA's in ca.";
  return {
    ECONNREFUSED: 'Nothing listens there. Is the server running?',
    ENOTFOUND: `There is no host of that name. Check ${host}.`,
    EAI_AGAIN: 'The name of the host could not be looked up.',
    CERT_HAS_EXPIRED: "The server's certificate has expired. Renew it.",
    CERT_NOT_YET_VALID: "The server's certificate is not valid yet. Check both clocks.",
    ERR_TLS_CERT_ALTNAME_INVALID: `The server's certificate is for another host name. Use that name in ${host}.`,
    ...Object.fromEntries(NOT_TRUSTED.map((code) => [code, untrusted])),
  };
}
