import type {
  AdminCallAnswer,
  AdminCallRequest,
  AdminLoginAnswer,
  AdminLoginRequest,
} from '#shared/contract/admin-relay.ts';
import type { Answer } from '../control/agent-api.ts';

/** What a member passes on for administrators. Each has a deadline and never throws. */
export interface AdminApi {
  adminLogin(body: AdminLoginRequest, deadlineMs: number): Promise<Answer<AdminLoginAnswer>>;
  adminCall(body: AdminCallRequest, deadlineMs: number): Promise<Answer<AdminCallAnswer>>;
}
