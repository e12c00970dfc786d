import { BackendFaultError } from '../../../model/errors.js';
import type { Search } from './directory.js';
import type { DirectoryEntry } from './directory-entry.js';
import { isBelow, ownNameOf } from './distinguished-names.js';
import { fillFilter } from './fill-filter.js';

/** Where the groups of a user are found. */
export interface GroupOptions {
  readonly groups: 'memberOf' | 'search';
  readonly memberOfAttribute: string;
  readonly groupBase: string | undefined;
  readonly groupFilter: string;
  readonly groupNameAttribute: string;
  readonly nestedGroups: number;
}

/** Nobody is in so many by intent. An authorizer that decides by a part of them would decide wrongly. */
const MAX_GROUPS = 5_000;
/** For the groups of so many groups one search asks at once. */
const GROUPS_PER_SEARCH = 50;

/** A group, by its DN, and the names that it goes by. */
type Groups = Map<string, readonly string[]>;

/**
 * The names of the groups that a user is in, directly and through as many groups as `nestedGroups`. Circles do no harm.
 *
 * @throws BackendFaultError if there are more than 5,000
 */
export async function groupsOf(
  search: Search,
  user: DirectoryEntry,
  username: string,
  options: GroupOptions,
): Promise<readonly string[]> {
  const above = options.groups === 'memberOf' ? memberOf : searched;
  const found: Groups = new Map();
  let level = take(found, await above(search, [user], username, options));
  for (let depth = 0; depth < options.nestedGroups && level.length > 0; depth++) {
    level = take(found, await above(search, level, username, options));
  }
  return [...new Set([...found.values()].flat())];
}

/** Who is a member: a user whose entry is known, or a group of which there is the DN. */
type Member = DirectoryEntry | string;

/** @returns those of `groups` that were not found before */
function take(found: Groups, groups: Groups): readonly string[] {
  const fresh = [...groups.keys()].filter((dn) => !found.has(dn));
  for (const dn of fresh) found.set(dn, groups.get(dn) ?? []);
  if (found.size > MAX_GROUPS) throw new BackendFaultError(`A user is in more than ${MAX_GROUPS} groups.`);
  return fresh;
}

async function memberOf(
  search: Search,
  members: readonly Member[],
  _username: string,
  { memberOfAttribute, groupBase, groupNameAttribute }: GroupOptions,
): Promise<Groups> {
  const groups: Groups = new Map();
  for (const member of members) {
    const [entry] =
      typeof member === 'string'
        ? await search({ base: member, scope: 'base', attributes: [memberOfAttribute] })
        : [member];
    for (const dn of entry?.valuesOf(memberOfAttribute) ?? []) {
      if (groupBase === undefined || isBelow(dn, groupBase)) groups.set(dn, [ownNameOf(dn, groupNameAttribute) ?? dn]);
    }
  }
  return groups;
}

async function searched(
  search: Search,
  members: readonly Member[],
  username: string,
  { groupBase = '', groupFilter, groupNameAttribute }: GroupOptions,
): Promise<Groups> {
  const groups: Groups = new Map();
  for (let at = 0; at < members.length; at += GROUPS_PER_SEARCH) {
    const filters = members
      .slice(at, at + GROUPS_PER_SEARCH)
      .map((member) => fillFilter(groupFilter, { dn: typeof member === 'string' ? member : member.dn, username }));
    const filter = filters.length === 1 ? (filters[0] as string) : `(|${filters.join('')})`;
    const entries = await search({ base: groupBase, scope: 'sub', filter, attributes: [groupNameAttribute] });
    for (const entry of entries) groups.set(entry.dn, namesOf(entry, groupNameAttribute));
  }
  return groups;
}

function namesOf(group: DirectoryEntry, attribute: string): readonly string[] {
  const own = ownNameOf(group.dn, attribute);
  const names = own === undefined ? group.valuesOf(attribute) : [own];
  return names.length > 0 ? names : [group.dn];
}
