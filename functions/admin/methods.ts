import {
  addAccess,
  deleteAccess,
  enumAccess,
  getAcList,
  setAccessList,
  setAcList,
} from './access-methods.ts';
import { deleteIpTable, deleteMacTable, enumIpTable, enumMacTable } from './address-methods.ts';
import { getCaps } from './caps.ts';
import { drainMachine, drainMember } from './drain-methods.ts';
import { explainLogin } from './explain-method.ts';
import { enumFarmMember, getFarmInfo, getFarmSetting } from './farm-methods.ts';
import { createGroup, deleteGroup, enumGroup, getGroup, setGroup } from './group-methods.ts';
import {
  getDefaultHubAdminOptions,
  getHubAdminOptions,
  setHubAdminOptions,
} from './hub-admin-option-methods.ts';
import { getHubLog, setHubLog } from './hub-log-methods.ts';
import { createHub, deleteHub, getHub, setHub, setHubOnline } from './hub-methods.ts';
import { getHubExtOptions, getHubMsg, setHubExtOptions, setHubMsg } from './hub-option-methods.ts';
import { enumHub, getHubStatus } from './hub-status.ts';
import type { AdminMethod } from './method.ts';
import { getServerInfo, getServerStatus, setServerPassword, test } from './server-methods.ts';
import { deleteSession, enumSession } from './session-methods.ts';
import { getSessionStatus } from './session-status.ts';
import { createUser, deleteUser, enumUser, getUser, setUser } from './user-methods.ts';

/** Everything an administrator can call; what is not here is answered with error 33. */
export const methods: Readonly<Record<string, AdminMethod>> = {
  Test: { auth: 'any', run: test },
  GetServerInfo: { auth: 'any', run: getServerInfo },
  GetServerStatus: { auth: 'any', run: getServerStatus },
  GetCaps: { auth: 'any', run: getCaps },
  SetServerPassword: { auth: 'server', run: setServerPassword, changes: true },
  GetFarmSetting: { auth: 'any', run: getFarmSetting },
  GetFarmInfo: { auth: 'any', run: getFarmInfo },
  EnumFarmMember: { auth: 'any', run: enumFarmMember },
  DrainMember: {
    auth: 'server',
    run: drainMember,
    changes: true,
    added: '<code>MemberId_str</code>, from EnumFarmMember: it takes no new sessions and ends',
  },
  DrainMachine: {
    auth: 'server',
    run: drainMachine,
    changes: true,
    added: '<code>MemberId_str</code>: it, and all other members on its machine',
  },
  ExplainLogin: {
    auth: 'hub',
    run: explainLogin,
    barredBy: 'no_query_session',
    added:
      '<code>Name_str</code>, a user or a session of <code>HubName_str</code>: why it is there',
  },
  CreateHub: { auth: 'server', run: createHub, changes: true },
  SetHub: { auth: 'hub', run: setHub, changes: true },
  GetHub: { auth: 'hub', run: getHub },
  EnumHub: { auth: 'any', run: enumHub },
  DeleteHub: { auth: 'server', run: deleteHub, changes: true },
  SetHubOnline: { auth: 'hub', run: setHubOnline, changes: true },
  GetHubStatus: { auth: 'hub', run: getHubStatus },
  GetHubExtOptions: { auth: 'hub', run: getHubExtOptions },
  SetHubExtOptions: {
    auth: 'hub',
    run: setHubExtOptions,
    changes: true,
    barredBy: 'deny_hub_admin_change_ext_option',
  },
  GetDefaultHubAdminOptions: { auth: 'any', run: getDefaultHubAdminOptions },
  GetHubAdminOptions: { auth: 'hub', run: getHubAdminOptions },
  SetHubAdminOptions: { auth: 'hub', run: setHubAdminOptions, changes: true },
  GetHubLog: { auth: 'hub', run: getHubLog },
  SetHubLog: { auth: 'hub', run: setHubLog, changes: true, barredBy: 'no_change_log_config' },
  GetHubMsg: { auth: 'hub', run: getHubMsg },
  SetHubMsg: { auth: 'hub', run: setHubMsg, changes: true, barredBy: 'no_change_msg' },
  AddAccess: { auth: 'hub', run: addAccess, changes: true, barredBy: 'no_change_access_list' },
  DeleteAccess: {
    auth: 'hub',
    run: deleteAccess,
    changes: true,
    barredBy: 'no_change_access_list',
  },
  EnumAccess: { auth: 'hub', run: enumAccess },
  SetAccessList: {
    auth: 'hub',
    run: setAccessList,
    changes: true,
    barredBy: 'no_change_access_list',
  },
  GetAcList: { auth: 'hub', run: getAcList },
  SetAcList: {
    auth: 'hub',
    run: setAcList,
    changes: true,
    barredBy: 'no_change_access_control_list',
  },
  CreateUser: { auth: 'hub', run: createUser, changes: true, barredBy: 'no_change_users' },
  SetUser: { auth: 'hub', run: setUser, changes: true, barredBy: 'no_change_users' },
  GetUser: { auth: 'hub', run: getUser },
  DeleteUser: { auth: 'hub', run: deleteUser, changes: true, barredBy: 'no_change_users' },
  EnumUser: { auth: 'hub', run: enumUser },
  CreateGroup: { auth: 'hub', run: createGroup, changes: true, barredBy: 'no_change_groups' },
  SetGroup: { auth: 'hub', run: setGroup, changes: true, barredBy: 'no_change_groups' },
  GetGroup: { auth: 'hub', run: getGroup },
  DeleteGroup: { auth: 'hub', run: deleteGroup, changes: true, barredBy: 'no_change_groups' },
  EnumGroup: { auth: 'hub', run: enumGroup },
  EnumSession: { auth: 'hub', run: enumSession, barredBy: 'no_enum_session' },
  GetSessionStatus: { auth: 'hub', run: getSessionStatus, barredBy: 'no_query_session' },
  EnumMacTable: { auth: 'hub', run: enumMacTable },
  DeleteMacTable: {
    auth: 'hub',
    run: deleteMacTable,
    changes: true,
    barredBy: 'no_delete_mactable',
  },
  EnumIpTable: { auth: 'hub', run: enumIpTable },
  DeleteIpTable: { auth: 'hub', run: deleteIpTable, changes: true, barredBy: 'no_delete_iptable' },
  DeleteSession: {
    auth: 'hub',
    run: deleteSession,
    changes: true,
    barredBy: 'no_disconnect_session',
  },
};
