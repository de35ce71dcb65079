import type { UserInfo as WireUserInfo } from '@drydock/api/authentication/v1';
import type { UserInfo } from '../../registry/types.ts';

/** A user as reviews write it. */
export function wireUserInfo({ name, uid, groups, extra }: UserInfo): WireUserInfo {
  const info: WireUserInfo = { username: name };
  if (uid !== undefined && uid !== '') info.uid = uid;
  if (groups.length > 0) info.groups = [...groups];
  const entries = Object.entries(extra ?? {}).map(([key, values]): [string, string[]] => [key, [...values]]);
  if (entries.length > 0) info.extra = Object.fromEntries(entries);
  return info;
}
