/**
 * Requests of as many users from as many addresses, since no throttle is to be measured by what it forbids.
 *
 * @param {number} count
 */
export function makeRequests(count) {
  return Array.from({ length: count }, (_, index) => ({
    message: { username: `user-${index}`, user_secret: 'marked-user-secret-1' },
    options: { ipAddress: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` },
  }));
}
