// The parts of cxl_sandbox.h that no table holds: macros and inline helpers.

export const headerStart = (module: string): string => `/*
 * cxl_sandbox.h: registers of a CXL machine and the services of cxl-sandbox, for drivers in C.
 * Generated from registers/ and src/drivers/wasm/abi.ts. Do not edit. See docs/c-drivers.md.
 *
 * CXL_<STRUCTURE>: number for cxl_find. CXL_<STRUCTURE>_<REGISTER>: bytes from the start of the structure. CXL_<STRUCTURE>_<REGISTER>_<FIELD>: mask over it,
 * with _SHIFT, for CXL_GET and CXL_PREP.
 */
#ifndef CXL_SANDBOX_H
#define CXL_SANDBOX_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__wasm__)
#define CXL_IMPORT(name) __attribute__((import_module("${module}"), import_name(#name))) extern
#define CXL_EXPORT(name) __attribute__((export_name(#name)))
#else
#define CXL_IMPORT(name) extern
#define CXL_EXPORT(name)
#endif
`;

export const headerHelpers = `/* The driver's table of functions; a row of zeros is added. CXL_DRIVER({ .kind = CXL_KIND_ROOT_PORT }) */
#define CXL_DRIVER(...) \\
	uint32_t cxl_driver_abi(void) { return CXL_ABI_VERSION; } \\
	const struct cxl_match *cxl_match(void) \\
	{ \\
		static const struct cxl_match table[] = { __VA_ARGS__, { 0, 0, 0, 0, 0 } }; \\
		return table; \\
	}

/* A field's value out of a register's, and the other way round. */
#define CXL_LOWEST_BIT(mask) ((mask) & (~(mask) + 1u))
#define CXL_GET(mask, value) (((value) & (mask)) / CXL_LOWEST_BIT(mask))
#define CXL_PREP(mask, value) (((value) * CXL_LOWEST_BIT(mask)) & (mask))

/* A place in a mapping: the mapping's number in the upper half, an offset in the lower; offsets are added to it. 0: none. */
typedef uint64_t cxl_iomem;

static inline cxl_iomem cxl_iomem_of(int32_t mapping) { return mapping < 0 ? 0 : (cxl_iomem)(uint32_t)mapping << 32; }
static inline cxl_iomem cxl_ioremap_structure(uint32_t device, uint32_t structure) { return cxl_iomem_of(cxl_find(device, structure)); }
static inline cxl_iomem ioremap(uint64_t base, uint64_t size) { return cxl_iomem_of(cxl_map(base, size)); }
static inline void iounmap(cxl_iomem place) { cxl_put((uint32_t)(place >> 32)); }

static inline uint8_t readb(cxl_iomem place) { return (uint8_t)cxl_read8((uint32_t)(place >> 32), (uint32_t)place); }
static inline uint16_t readw(cxl_iomem place) { return (uint16_t)cxl_read16((uint32_t)(place >> 32), (uint32_t)place); }
static inline uint32_t readl(cxl_iomem place) { return cxl_read32((uint32_t)(place >> 32), (uint32_t)place); }
static inline uint64_t readq(cxl_iomem place) { return cxl_read64((uint32_t)(place >> 32), (uint32_t)place); }
static inline void writeb(uint8_t value, cxl_iomem place) { cxl_write8((uint32_t)(place >> 32), (uint32_t)place, value); }
static inline void writew(uint16_t value, cxl_iomem place) { cxl_write16((uint32_t)(place >> 32), (uint32_t)place, value); }
static inline void writel(uint32_t value, cxl_iomem place) { cxl_write32((uint32_t)(place >> 32), (uint32_t)place, value); }
static inline void writeq(uint64_t value, cxl_iomem place) { cxl_write64((uint32_t)(place >> 32), (uint32_t)place, value); }

/* Config space of a function by offset: 0, or an error number below 0. */
static inline int32_t pci_read_config(uint32_t device, uint32_t offset, uint32_t width, uint32_t *value)
{
	int32_t config = cxl_config(device);

	if (config < 0)
		return config;
	*value = width == 1 ? cxl_read8((uint32_t)config, offset) : width == 2 ? cxl_read16((uint32_t)config, offset) : cxl_read32((uint32_t)config, offset);
	return cxl_put((uint32_t)config);
}

static inline int32_t pci_write_config(uint32_t device, uint32_t offset, uint32_t width, uint32_t value)
{
	int32_t config = cxl_config(device);
	int32_t result;

	if (config < 0)
		return config;
	result = width == 1 ? cxl_write8((uint32_t)config, offset, value) : width == 2 ? cxl_write16((uint32_t)config, offset, value) : cxl_write32((uint32_t)config, offset, value);
	cxl_put((uint32_t)config);
	return result;
}

static inline int32_t pci_read_config_byte(uint32_t device, uint32_t offset, uint8_t *value)
{
	uint32_t read = 0xff;
	int32_t result = pci_read_config(device, offset, 1, &read);

	*value = (uint8_t)read;
	return result;
}

static inline int32_t pci_read_config_word(uint32_t device, uint32_t offset, uint16_t *value)
{
	uint32_t read = 0xffff;
	int32_t result = pci_read_config(device, offset, 2, &read);

	*value = (uint16_t)read;
	return result;
}

static inline int32_t pci_read_config_dword(uint32_t device, uint32_t offset, uint32_t *value)
{
	*value = 0xffffffffu;
	return pci_read_config(device, offset, 4, value);
}

static inline int32_t pci_write_config_byte(uint32_t device, uint32_t offset, uint8_t value) { return pci_write_config(device, offset, 1, value); }
static inline int32_t pci_write_config_word(uint32_t device, uint32_t offset, uint16_t value) { return pci_write_config(device, offset, 2, value); }
static inline int32_t pci_write_config_dword(uint32_t device, uint32_t offset, uint32_t value) { return pci_write_config(device, offset, 4, value); }

/* Virtual time, spent without letting anybody else run. */
static inline void ndelay(uint64_t nanoseconds) { cxl_delay(nanoseconds); }
static inline void udelay(uint64_t microseconds) { cxl_delay(microseconds * 1000u); }
static inline void mdelay(uint64_t milliseconds) { cxl_delay(milliseconds * 1000000u); }

static inline uint32_t cxl_strlen(const char *text)
{
	uint32_t length = 0;

	while (text[length] != 0)
		length++;
	return length;
}

static inline bool cxl_streq(const char *a, const char *b)
{
	while (*a != 0 && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Text being put together; what does not fit is left out. */
struct cxl_text {
	char *out;
	uint32_t capacity;
	uint32_t length;
};

static inline void cxl_put_char(struct cxl_text *text, char c)
{
	if (text->length + 1 < text->capacity)
		text->out[text->length++] = c;
}

static inline void cxl_put_number(struct cxl_text *text, uint64_t value, uint32_t base, int width, char fill)
{
	char digits[20];
	int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	for (; width > count; width--)
		cxl_put_char(text, fill);
	while (count > 0)
		cxl_put_char(text, digits[--count]);
}

static inline void cxl_put_signed(struct cxl_text *text, int64_t value, int width, char fill)
{
	if (value < 0) {
		cxl_put_char(text, '-');
		width--;
	}
	cxl_put_number(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, width, fill);
}

/*
 * %s %c %d %u %x with a width and 0, and with l or ll (l is 32 bits on wasm32); %%. Gives the length; what is not known comes out as it stands.
 */
static inline uint32_t cxl_vsnprintf(char *out, uint32_t capacity, const char *format, va_list arguments)
{
	struct cxl_text text = { out, capacity, 0 };
	const char *at;

	for (at = format; *at != 0; at++) {
		int width = 0, longs = 0;
		char fill = ' ';

		if (*at != '%') {
			cxl_put_char(&text, *at);
			continue;
		}
		at++;
		if (*at == '0')
			fill = *at++;
		while (*at >= '0' && *at <= '9')
			width = width * 10 + (*at++ - '0');
		while (*at == 'l') {
			longs++;
			at++;
		}
		if (*at == 's') {
			const char *string = va_arg(arguments, const char *);

			while (*string != 0)
				cxl_put_char(&text, *string++);
		} else if (*at == 'c') {
			cxl_put_char(&text, (char)va_arg(arguments, int));
		} else if (*at == 'd') {
			cxl_put_signed(&text, longs > 1 ? va_arg(arguments, long long) : longs == 1 ? va_arg(arguments, long) : va_arg(arguments, int), width, fill);
		} else if (*at == 'u' || *at == 'x') {
			uint64_t value = longs > 1 ? va_arg(arguments, unsigned long long) : longs == 1 ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned int);

			cxl_put_number(&text, value, *at == 'x' ? 16 : 10, width, fill);
		} else {
			cxl_put_char(&text, *at);
			if (*at == 0)
				break;
		}
	}
	if (capacity > 0)
		out[text.length] = 0;
	return text.length;
}

__attribute__((format(printf, 3, 4))) static inline uint32_t cxl_snprintf(char *out, uint32_t capacity, const char *format, ...)
{
	va_list arguments;
	uint32_t length;

	va_start(arguments, format);
	length = cxl_vsnprintf(out, capacity, format, arguments);
	va_end(arguments);
	return length;
}

/* A line of the kernel log, up to 255 characters. */
__attribute__((format(printf, 2, 3))) static inline void cxl_logf(uint32_t level, const char *format, ...)
{
	char line[256];
	va_list arguments;
	uint32_t length;

	va_start(arguments, format);
	length = cxl_vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	cxl_log(level, line, length);
}

/* Whether the scenario's parameter has this value. */
static inline bool cxl_parameter_is(const char *name, const char *value)
{
	char text[64];

	return cxl_parameter(name, cxl_strlen(name), text, sizeof(text)) >= 0 && cxl_streq(text, value);
}

#if defined(__wasm__)
/* What a compiler calls on its own for structures and arrays. */
__attribute__((weak)) void *memcpy(void *restrict to, const void *restrict from, size_t size);
__attribute__((weak)) void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	unsigned char *target = to;
	const unsigned char *source = from;

	while (size-- > 0)
		*target++ = *source++;
	return to;
}

__attribute__((weak)) void *memset(void *to, int value, size_t size);
__attribute__((weak)) void *memset(void *to, int value, size_t size)
{
	unsigned char *target = to;

	while (size-- > 0)
		*target++ = (unsigned char)value;
	return to;
}
#endif

#endif`;
