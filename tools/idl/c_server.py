"""Generates NAME_server.h: the handlers' prototypes, the dispatch that checks requests, late answers."""
from c_base import Base, C_TYPES, REGISTER_WORDS, VERB_GIVES, wrap


class Server(Base):
    def server(self):
        request = f"struct {self.name}_request"
        body = ["/* A message as it came from reply_recv; the dispatch leaves the answer's words here. */",
                f"{request} {{", "\tuint64_t badge, info, w[MESSAGE_REGS];",
                "\tstruct ipc_buffer *buffer;", "};", "",
                "/*",
                " * What the server writes: one handler a call. It returns 0, a positive error, or IDL_PARKED after",
                " * sys_save_reply.",
                " * Results count on 0 only; capabilities that came are deleted for it when it answers an error.",
                " */"]
        for call in self.interface.calls:
            body += self.handler(call)
        body.append("")
        for call in self.interface.calls:
            body += self.serve(call)
        body += self.dispatch(request) + self.loop(request)
        for call in self.interface.calls:
            body += self.reply(call)
        return self.page("server", f"{self.name}_dispatch lets through to the handlers what follows the interface.",
                         ["tessera/idl.h", "tessera/server.h", f"{self.name}_idl.h"], body)

    def handler(self, call):
        types = [f"const struct {self.name}_request *request"]
        for param in call.ins:
            types += [f"struct idl_cap {param.name.text}"] if param.kind == "cap" else self.in_types([param])
        for param in call.outs:
            name = param.name.text
            if param.kind == "string":
                types.append(f"char *{name}_out")
            elif param.kind == "bytes":
                types += [f"void *{name}_out", f"size_t *{name}_n_out"]
            elif param.kind == "cap":
                types.append(f"struct send_item *{name}_out")
            else:
                types += self.out_types([param])
        return wrap(f"int {self.name}_on_{call.name.text}({', '.join(types)});")

    def serve(self, call):
        layout = call.request
        counts = [f"{param.name.text}_n_" for param, _ in layout.lengths]
        lines = [f"IDL_SERVE uint64_t {self.name}_serve_{call.name.text}(struct {self.name}_request *r_)", "{"]
        lines += [f"\tconst uint64_t {count} = {self.word('r_', word)};"
                  for count, (_, word) in zip(counts, layout.lengths)]
        lines += self.locals(call) + ["\tint error_;", ""]
        lines += wrap(f"if ({' || '.join(self.tests(layout, counts))})", 1, " || ")
        lines.append("\t\treturn idl_refuse(r_->info, r_->buffer);")
        lines += self.unpack(layout, counts)
        lines += self.struct_tests(layout)
        lines += [f"\t{param.name.text}_out[0] = 0;" for param in call.outs if param.kind == "string"]
        lines += wrap(f"error_ = {self.name}_on_{call.name.text}({', '.join(self.arguments(call))});", 1)
        drops = [f"\t\t\tidl_cap_drop(&{param.name.text});" for param in layout.caps]
        if drops:
            guard = "\t\tif (error_ != IDL_PARKED)" + (" {" if len(drops) > 1 else "")
            drops = [guard] + drops + (["\t\t}"] if len(drops) > 1 else [])
        lines += ["\tif (error_) {"] + drops + ["\t\treturn idl_outcome(error_);", "\t}"] if drops else \
                 ["\tif (error_)", "\t\treturn idl_outcome(error_);"]
        return lines + self.answer(call.answer) + ["}", ""]

    def locals(self, call):
        lines = []
        for param in call.ins:
            name = param.name.text
            if param.kind == "struct":
                lines.append(f"\t{self.tag(param.struct)} {name};")
            elif param.kind == "string":
                lines.append(f"\tchar {name}[{param.most} + 1];")
            elif param.kind == "bytes":
                lines.append(f"\t_Alignas(8) unsigned char {name}[{param.most}];")
            elif param.kind == "cap":
                lines.append(f"\tstruct idl_cap {name};")
        for param in call.outs:
            name = param.name.text
            if param.kind == "scalar":
                lines.append(f"\t{C_TYPES[param.base]} {name}_out = 0;")
            elif param.kind == "struct":
                lines.append(f"\t{self.tag(param.struct)} {name}_out = {{ 0 }};")
            elif param.kind == "string":
                lines.append(f"\tchar {name}_out[{param.most} + 1];")
            elif param.kind == "bytes":
                lines += [f"\t_Alignas(8) unsigned char {name}_out[{param.most}];", f"\tsize_t {name}_n_out = 0;"]
            else:
                lines.append(f"\tstruct send_item {name}_out = {{ 0, 1, {VERB_GIVES[param.verb]}, RIGHT_ALL, 0 }};")
        return lines

    def scalar_test(self, param, place):
        """C that is true when the word does not hold a value of the parameter's type; None when any word does."""
        if param.enum is not None:
            return f"!{self.name}_{param.enum.name.text}_valid({place})"
        if param.base == "i32":
            return f"(int64_t){place} != (int32_t){place}"
        if param.base in ("u8", "u16", "u32"):
            return f"{place} >> {param.base[1:]}"
        return None

    def tests(self, layout, counts):
        """What must not be true of a request; nothing is looked at before it is known to be there."""
        tests = [f"{count} > {param.most}" for count, (param, _) in zip(counts, layout.lengths)]
        tests.append(f"(r_->info & IDL_SHAPE) != {self.shape(layout, counts)}")
        for param, word in layout.scalars:
            test = self.scalar_test(param, self.word("r_", word))
            tests += [test] if test else []
        tests += [self.word("r_", word) for word in range(layout.fixed, layout.data)]
        for count, place in zip(counts, self.data_places(layout, "r_->buffer", counts)):
            tests.append(f"idl_padding_bad({place}, {count})")
        tests += [f"idl_cap_bad(&r_->buffer->recv[{item}], {self.types(param)})"
                  for item, param in enumerate(layout.caps)]
        return tests

    def unpack(self, layout, counts):
        """Copies out of the buffer, which nested calls of the handler write over."""
        targets = {param.name.text: f"&{param.name.text}" for param, _ in layout.structs}
        lines = ["\t" + line for line in self.unpack_structs(layout, "r_", "r_->buffer", targets)]
        for (param, _), place, count in zip(layout.lengths, self.data_places(layout, "r_->buffer", counts), counts):
            name = param.name.text
            lines.append(f"\tidl_get({name}, {place}, {count});")
            if param.kind == "string":
                lines += [f"\t{name}[{count}] = 0;"]
        for item, param in enumerate(layout.caps):
            lines.append(f"\t{param.name.text} = idl_cap_get(&r_->buffer->recv[{item}]);")
        return lines

    def struct_tests(self, layout):
        """After the copy: strings hold no NUL, fields of enums and flags hold listed values."""
        tests = [f"__builtin_strlen({param.name.text}) != {param.name.text}_n_"
                 for param, _ in layout.lengths if param.kind == "string"]
        for param, _ in layout.structs:
            for field in param.struct.fields:
                if field.enum is not None:
                    places = [f"{param.name.text}.{field.name.text}"]
                    if field.count is not None:
                        places = [f"{places[0]}[{i}]" for i in range(field.length)]
                    tests += [f"!{self.name}_{field.enum.name.text}_valid({place})" for place in places]
        if not tests:
            return []
        return wrap(f"if ({' || '.join(tests)})", 1, " || ") + ["\t\treturn idl_refuse(r_->info, r_->buffer);"]

    def arguments(self, call):
        result = ["r_"]
        places = {param.name.text: self.word("r_", word) for param, word in call.request.scalars}
        for param in call.ins:
            name = param.name.text
            if param.kind == "scalar":
                result.append(self.narrow(param, places[name]))
            elif param.kind == "struct":
                result.append(f"&{name}")
            elif param.kind == "bytes":
                result += [name, f"{name}_n_"]
            else:
                result.append(name)
        for param in call.outs:
            name = param.name.text
            if param.kind == "string":
                result.append(f"{name}_out")
            elif param.kind == "bytes":
                result += [f"{name}_out", f"&{name}_n_out"]
            else:
                result.append(f"&{name}_out")
        return result

    def answer(self, layout):
        """Puts the results into the request's words and the buffer; returns info."""
        values = {param.name.text: f"{param.name.text}_out" for param, _ in layout.scalars}
        values.update({param.name.text: f"&{param.name.text}_out" for param, _ in layout.structs})
        lines, counts = [], []
        for param, _ in layout.lengths:
            name = param.name.text
            counts.append(f"{name}_len_" if param.kind == "string" else f"{name}_n_out")
            values[name] = counts[-1]
            if param.kind == "string":
                lines += [f"\t{name}_out[{param.most}] = 0;",
                          f"\tconst uint64_t {counts[-1]} = __builtin_strlen({name}_out);"]
            else:
                lines += [f"\tif ({counts[-1]} > {param.most})", f"\t\t{counts[-1]} = {param.most};"]
        words = self.pack_words(layout, values)
        for word in range(layout.data if layout.lengths else layout.fixed):
            if word in words or word < REGISTER_WORDS:
                lines.append(f"\t{self.word('r_', word)} = {words.get(word, '0')};")
        lines += ["\t" + line for line in self.pack_structs(layout, "r_->buffer", values)]
        for (param, _), place, count in zip(layout.lengths, self.data_places(layout, "r_->buffer", counts), counts):
            lines.append(f"\tidl_put({place}, {param.name.text}_out, {count});")
        for item, param in enumerate(layout.caps):
            lines.append(f"\tr_->buffer->send[{item}] = {param.name.text}_out;")
        return lines + [f"\treturn INFO_REPLY + {self.info('0', layout, counts)};"]

    def dispatch(self, request):
        lines = ["/*",
                 " * Checks the request and has its handler answer it; the answer is in r_->w, the buffer, and the info",
                 " * returned, which is for reply_recv; 0: the call was parked, nothing is to be answered.", " */",
                 f"static inline uint64_t {self.name}_dispatch({request} *r_)", "{",
                 "\tswitch (info_label(r_->info)) {", f"\tcase IDL_LABEL({self.upper}_INTERFACE, 0):",
                "\t\tif (r_->info & IDL_SHAPE)", "\t\t\treturn idl_refuse(r_->info, r_->buffer);",
                f"\t\tr_->w[0] = {self.upper}_VERSION;", "\t\treturn INFO_REPLY + info_make(0, 1, 0);"]
        for call in self.interface.calls:
            lines += [f"\tcase {self.label(call)}:", f"\t\treturn {self.name}_serve_{call.name.text}(r_);"]
        return lines + ["\tdefault:", "\t\treturn idl_refuse(r_->info, r_->buffer);", "\t}", "}", ""]

    def loop(self, request):
        return ["/*",
                " * Answers calls on the endpoint for ever; what is signalled on it goes to `signalled` (NULL: to nobody).",
                " * A positive error when nothing will come again.", " */",
                f"static inline int {self.name}_loop(cap_t endpoint, void (*signalled)(uint64_t bits))", "{",
                f"\t{request} r_ = {{ .buffer = ipc_buffer() }};", "\tstruct message m_ = { .info = 0 };", "\tint error_;",
                "", "\twhile (!(error_ = server_next(endpoint, &m_))) {",
                "\t\tconst uint64_t kind_ = m_.info >> INFO_KIND_SHIFT & INFO_KIND_MASK;", "",
                "\t\tif (kind_ == KIND_SIGNALS && signalled)", "\t\t\tsignalled(m_.w[0]);",
                "\t\tif (kind_ != KIND_MESSAGE) {", "\t\t\tm_.info = 0;", "\t\t\tcontinue;", "\t\t}",
                "\t\tr_.badge = m_.badge;", "\t\tr_.info = m_.info;",
                "\t\t__builtin_memcpy(r_.w, m_.w, sizeof r_.w);", f"\t\tm_.info = {self.name}_dispatch(&r_);",
                "\t\t__builtin_memcpy(m_.w, r_.w, sizeof m_.w);", "\t}", "\treturn error_;", "}", ""]

    def reply(self, call):
        layout = call.answer
        types = ["cap_t saved", "int error"]
        for param in call.outs:
            types += [f"const struct send_item *{param.name.text}"] if param.kind == "cap" else self.in_types([param])
        values, counts = self.in_values(layout)
        lines = [f"/* Answers a parked {call.name.text}, with the results when error is 0. 0 or a positive error. */"]
        lines += wrap(f"static inline int {self.name}_reply_{call.name.text}({', '.join(types)})") + ["{"]
        if self.buffer_needed(layout):
            lines.append("\tstruct ipc_buffer *b_ = ipc_buffer();")
        lines.append("\tstruct message m_ = { .info = info_make((uint32_t)error, 0, 0) };")
        if not call.outs:
            return lines + ["", "\treturn idl_reply(saved, &m_);", "}", ""]
        lines += ["", "\tif (error)", "\t\treturn idl_reply(saved, &m_);"]
        lines += [f"\tconst uint64_t {param.name.text}_n_ = __builtin_strlen({param.name.text});"
                  for param, _ in layout.lengths if param.kind == "string"]
        for (param, _), count in zip(layout.lengths, counts):
            lines += [f"\tif ({count} > {param.most})", "\t\treturn E_TOO_BIG;"]
        filled = self.fill(layout, values, counts, self.info("0", layout, counts))
        if layout.caps:
            filled = filled[:-len(self.fill_caps(layout))]
            filled += [f"\tb_->send[{item}] = *{param.name.text};" for item, param in enumerate(layout.caps)]
        return lines + filled + ["\treturn idl_reply(saved, &m_);", "}", ""]
