"""Prints the records of a cxl-sandbox trace: python3 read-trace.py FILE. The format is docs/trace.md."""
import struct, sys, zlib

LAYERS = ["access", "hardware", "kernel", "log", "result"]
data = open(sys.argv[1], "rb").read()
if data[:8] != b"\x89CXT\r\n\x1a\n" or struct.unpack_from("<II", data, 8) != (1, 0):
    sys.exit("no trace of format 1")
at, parts, strings, records = 16, {}, [], b""
while at < len(data):
    tag, checksum, length = struct.unpack_from("<4sIQ", data, at)
    end = at + 16 + (length + 7 & ~7)
    if zlib.crc32(data[at:at + 4] + data[at + 8:end]) != checksum:
        sys.exit(f"damaged between byte {at} and {end}")
    payload = data[at + 16:at + 16 + length]
    if tag == b"PART" or tag == b"STRS":
        place = 4
        for _ in range(struct.unpack_from("<I", payload)[0]):
            number = struct.unpack_from("<I", payload, place)[0]
            place += 8 if tag == b"PART" else 0  # number and kind of a part
            size = struct.unpack_from("<I", payload, place)[0]
            text = payload[place + 4:place + 4 + size].decode()
            place += 4 + size
            if tag == b"PART":
                parts[number] = text
            else:
                strings.append(text)
    elif tag == b"RECS":
        records += payload
    at = end
for low, high, *words in struct.iter_unpack("<8I", records):
    layer, kind = LAYERS[high >> 21 & 7], high >> 24
    texts = [strings[words[0]], strings[words[1]]] if layer in LAYERS[2:] else [parts.get(words[0], "")] if layer == "hardware" else []
    print((high & 0x1FFFFF) << 32 | low, layer, kind, *words, *(text.encode("unicode_escape").decode() for text in texts))
