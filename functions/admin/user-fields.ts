import { unreachable } from '#shared/kernel/assert.ts';
import type { HubName } from '#shared/kernel/ids.ts';
import { sha0Bytes } from '#shared/wire/sha0.ts';
import type { User } from '../store/user-store.ts';
import { writePolicyFields } from './policy-fields.ts';
import { noTraffic, noTrafficInList, type RpcObject, timeText, withheld } from './rpc-object.ts';

/** The hash SoftEther keeps for L2TP and SSTP, which have no way in here. */
const ntlmHashBytes = 16;

/** One user as GetUser tells it: the fields of its type, `policy:*` only if it has a policy. */
export function describedUser(hub: HubName, user: User): RpcObject {
  return {
    ...noTraffic,
    HubName_str: hub,
    Name_str: user.name,
    GroupName_str: user.groupName,
    Realname_utf: user.realname,
    Note_utf: user.note,
    CreatedTime_dt: timeText(user.createdMs),
    UpdatedTime_dt: timeText(user.updatedMs),
    ExpireTime_dt: timeText(user.expiresMs),
    NumLogin_u32: user.logins,
    ...authFields(user.auth),
    ...(user.policy && { UsePolicy_bool: true, ...writePolicyFields(user.policy) }),
  };
}

/** One user as EnumUser lists it. */
export function listedUser(user: User): RpcObject {
  return {
    ...noTrafficInList,
    Name_str: user.name,
    GroupName_str: user.groupName,
    Realname_utf: user.realname,
    Note_utf: user.note,
    AuthType_u32: authFields(user.auth)['AuthType_u32'] ?? 0,
    LastLoginTime_dt: timeText(user.lastLoginMs),
    NumLogin_u32: user.logins,
    DenyAccess_bool: user.policy?.access === false,
    IsExpiresFilled_bool: true,
    Expires_dt: timeText(user.expiresMs),
  };
}

/**
 * A genuine server hands the stored hashes out to administrators. They are all that is needed to
 * log in as the user anywhere the password is used, so here zeros stand for them, as genuine
 * servers do for hubs; SetUser takes zeros for "keep it".
 */
function authFields(auth: User['auth']): RpcObject {
  switch (auth.kind) {
    case 'anonymous':
      return { AuthType_u32: 0 };
    case 'password':
      return {
        AuthType_u32: 1,
        HashedKey_bin: withheld(sha0Bytes),
        NtLmSecureHash_bin: withheld(ntlmHashBytes),
      };
    default:
      return unreachable(auth);
  }
}
