/** The requests both planes serve and `dial` sends (`protocol/02` §3, §4). */
export const connectTarget = '/vpnsvc/connect.cgi';
export const vpnTarget = '/vpnsvc/vpn.cgi';

/** Compared byte for byte by genuine clients: no charset, no other case. */
export const packContentType = 'application/octet-stream';
export const connectContentType = 'image/jpeg';

/** The short body by which a client may open `connect.cgi`; genuine ones send a GIF instead. */
export const connectBody = 'VPNCONNECT';
/** The GIF of 1411 bytes and up to 1999 random bytes fit; nothing longer needs reading. */
export const connectBodyBytesMax = 4096;
/** What a genuine server reads from a peer that has not logged in yet. */
export const loginBodyBytesMax = 65_536;
/** Requests before login on one connection; genuine servers close after as many. */
export const requestsBeforeLoginMax = 19;

/**
 * The body that answers `GET /`. Clients up to 5.01 send it first and go no further unless the
 * body begins exactly so, CR LF included (`protocol/02` §4 a).
 */
export const probePage = [
  '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">',
  '<HTML><HEAD>',
  '<TITLE>403 Forbidden</TITLE>',
  '</HEAD><BODY>',
  '<H1>Forbidden</H1>',
  "You don't have permission to access /",
  'on this server.<P>',
  '<HR>',
  '</BODY></HTML>',
  '',
].join('\r\n');
