/* SPDX-License-Identifier: MIT */
/* Byte order of packets against that of the machine that the program is built for. */
#pragma once

#define ___bpf_swap16(x) ((__u16)__builtin_bswap16((__u16)(x)))
#define ___bpf_swap32(x) ((__u32)__builtin_bswap32((__u32)(x)))
#define ___bpf_swap64(x) ((__u64)__builtin_bswap64((__u64)(x)))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define bpf_htons(x) ___bpf_swap16(x)
#define bpf_htonl(x) ___bpf_swap32(x)
#define bpf_cpu_to_be64(x) ___bpf_swap64(x)
#else
#define bpf_htons(x) ((__u16)(x))
#define bpf_htonl(x) ((__u32)(x))
#define bpf_cpu_to_be64(x) ((__u64)(x))
#endif

#define bpf_ntohs(x) bpf_htons(x)
#define bpf_ntohl(x) bpf_htonl(x)
#define bpf_be64_to_cpu(x) bpf_cpu_to_be64(x)
