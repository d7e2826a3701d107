import { AccessList } from './access-list.ts';
import type { Attachment } from './attachment.ts';
import { frameClass } from './frame-class.ts';
import { type HubOptions, type HubRules, hubMaskOf, plainHubOptions } from './hub-rules.ts';
import { etherType } from './parse/ethernet.ts';

/**
 * A hub's rules, made ready when they change, so that what nobody asked for costs nothing per
 * frame: most attachments of most hubs are neither inspected nor choosy.
 */
export class HubProgram {
  readonly options: HubOptions;
  readonly accessList: AccessList;
  readonly vlanType: number;
  /** 0: TCP segments keep the MSS they came with. */
  readonly mssMax: number;
  /** 0: nobody counts as dormant. */
  readonly dormantMs: number;
  readonly #mask: number;

  constructor(rules: HubRules) {
    const options = rules.options ?? plainHubOptions;
    this.options = options;
    this.accessList = new AccessList(
      rules.accessRules ?? [],
      options.applyIpV4AccessListOnArpPacket,
    );
    this.vlanType = options.vlanTypeId || etherType.vlan;
    this.mssMax = options.disableAdjustTcpMss ? 0 : options.adjustTcpMssValue;
    this.dormantMs = options.detectDormantSessionInterval * 1_000;
    this.#mask = hubMaskOf(options);
  }

  /** Whether frames from it need more than learning and forwarding. */
  inspects(from: Attachment): boolean {
    return (
      this.ingressMask(from) !== 0 ||
      from.upload !== undefined ||
      from.vlanId !== 0 ||
      this.mssMax !== 0
    );
  }

  /** Whether frames for it need more than being handed over. */
  isChoosy(to: Attachment): boolean {
    return (
      to.egressMask !== 0 ||
      to.download !== undefined ||
      to.vlanId !== 0 ||
      to.privacy ||
      this.dormantMs !== 0 ||
      this.hidesRouters(to) ||
      this.accessList.looksAtReceivers
    );
  }

  /** Classes of frames it may not send here. Where rules look, what cannot be judged is one. */
  ingressMask(from: Attachment): number {
    const mask = from.ingressMask | this.#mask;
    return mask === 0 && this.accessList.isEmpty ? 0 : mask | frameClass.malformed;
  }

  /** Whether it is to believe that no router is there. */
  hidesRouters({ policy, overIpV6 }: Attachment): boolean {
    if (policy?.noIpV6DefaultRouterInRa) return true;
    const whenIpV6 =
      policy?.noIpV6DefaultRouterInRaWhenIpV6 || this.options.noIpV6DefaultRouterInRaWhenIpV6;
    return overIpV6 && whenIpV6;
  }
}
