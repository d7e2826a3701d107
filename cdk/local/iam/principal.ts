import { arn } from '../template/place.ts';

/** A session of a role: what temporary credentials stand for. */
export interface RoleSession {
  readonly kind: 'role';
  readonly roleName: string;
  /** `AROA…` */
  readonly roleId: string;
  /** An ec2Instance's id, or a function's name. */
  readonly sessionName: string;
}

/** A user, whose access keys last until they are deleted. */
export interface User {
  readonly kind: 'user';
  readonly userName: string;
  /** `AIDA…` */
  readonly userId: string;
  /** Begins and ends with a slash. */
  readonly path: string;
}

/** Who a credential stands for. */
export type Principal = RoleSession | User;

/** As the function URL and `sts get-caller-identity` tell it. */
export function callerArn(principal: Principal): string {
  return principal.kind === 'role'
    ? arn('sts', `assumed-role/${principal.roleName}/${principal.sessionName}`)
    : arn('iam', `user${principal.path}${principal.userName}`);
}

/** IAM's unique id of a caller. */
export function callerId(principal: Principal): string {
  return principal.kind === 'role'
    ? `${principal.roleId}:${principal.sessionName}`
    : principal.userId;
}

/** Whose policies count: `role NAME` or `user NAME`. */
export function policyHolder(principal: Principal): string {
  return principal.kind === 'role' ? `role ${principal.roleName}` : `user ${principal.userName}`;
}
