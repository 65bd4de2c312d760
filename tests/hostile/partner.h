/*
 * partner.h: what victims and the session say to the partner.
 */
#ifndef TESTS_HOSTILE_PARTNER_H
#define TESTS_HOSTILE_PARTNER_H

#define PARTNER_MAP   1 /* label: word 0 bytes of the object that comes along, to be mapped for a while */
#define PARTNER_FLUSH 2 /* label: everything that victims left goes; answered when it has gone */
#define PARTNER_PAGES 16

#endif
