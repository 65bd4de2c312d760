"""Generates NAME_client.h: a static inline stub for each call."""
from c_base import Base, comment, wrap


AGAIN = "AGAIN"    # a call with this error is done in pieces: its stub repeats it until it answers something else


class Client(Base):
    def client(self):
        body = ["#ifdef IDL_CLIENT_RANK",
                f"_Static_assert(IDL_CLIENT_RANK < {self.upper}_RANK,",
                f'\t       "U1: a server calls only servers of higher rank: {self.name} has '
                f'{self.interface.rank.number}");', "#endif", ""]
        body += self.check()
        for call in self.interface.calls:
            body += self.stub(call)
        return self.page("client", "the calls: 0 or a positive error; results count on 0 only.",
                         ["tessera/idl.h", f"{self.name}_idl.h"], body)

    def check(self):
        return [f"/* Asks the server whether it speaks this version of {self.name}: 0; BAD_VERSION; BAD_MESSAGE: another "
                "interface. */", "IDL_CHECKED", f"static inline int {self.name}_check(cap_t server)", "{",
                f"\treturn idl_check(server, {self.upper}_INTERFACE, {self.upper}_VERSION);", "}", ""]

    def errors(self, call):
        return [f"Errors: {', '.join(error.text for error in call.errors)}."] if call.errors else []

    def stub(self, call):
        prototype = ", ".join(["cap_t server"] + self.in_types(call.ins) + self.out_types(call.outs))
        lines = comment(call.doc + self.errors(call))
        lines.append("IDL_CHECKED")
        lines += wrap(f"static inline int {self.name}_{call.name.text}({prototype})") + ["{"]
        if self.buffer_needed(call.request) or self.buffer_needed(call.answer):
            lines.append("\tstruct ipc_buffer *b_ = ipc_buffer();")
        sent = self.send(call.request, self.label(call))
        if any(error.text == AGAIN for error in call.errors):
            # In pieces: the message is made anew for each.
            start = next(i for i, line in enumerate(sent) if line.startswith("\tm_ = "))
            lines += sent[:start] + ["\tdo {"] + ["\t" + line for line in sent[start:]]
            lines += ["\t\tstatus_ = sys_call(server, &m_);",
                      "\t} while (!status_ && idl_answer_again(m_.info));"]
        else:
            lines += sent + ["\tstatus_ = sys_call(server, &m_);"]
        lines += ["\tif (status_)", "\t\treturn idl_error((int)-status_);"]
        lines += self.receive(call.answer)
        return lines + ["\treturn 0;", "}", ""]

    def send(self, layout, label):
        """Fills the message and the buffer from the in-parameters; declares what the stub needs."""
        values, counts = self.in_values(layout)
        lines = [f"\tuint64_t {param.name.text}_n_ = __builtin_strlen({param.name.text});"
                 for param, _ in layout.lengths if param.kind == "string"]
        info = self.info(label, layout, counts)
        lines += ["\tstruct message m_;", "\tlong status_;", ""]
        for (param, _), count in zip(layout.lengths, counts):
            lines += [f"\tif ({count} > {param.most})", "\t\treturn E_TOO_BIG;"]
        return lines + self.fill(layout, values, counts, info)

    def receive(self, layout):
        """Checks the answer in m_ and takes the results out."""
        counts = [f"{param.name.text}_out_n_" for param, _ in layout.lengths]
        lines = [f"\tconst uint64_t {count} = {self.word('m_', word)};"
                 for count, (_, word) in zip(counts, layout.lengths)]
        tests = [f"{count} > {param.most}" for count, (param, _) in zip(counts, layout.lengths)]
        tests.append(f"m_.info != {self.shape(layout, counts)}")
        tests += [f"idl_result_bad(&b_->recv[{item}], {self.types(param)})" for item, param in enumerate(layout.caps)]
        lines += wrap(f"if ({' || '.join(tests)})", 1, " || ") + ["\t\treturn idl_error(idl_answer_error(m_.info));"]
        for (param, _), count in zip(layout.lengths, counts):
            compare = ">=" if param.kind == "string" else ">"
            lines += [f"\tif ({count} {compare} {param.name.text}_cap)", "\t\treturn idl_error(idl_answer_too_big(m_.info));"]
        for param, word in layout.scalars:
            lines.append(f"\t*{param.name.text}_out = {self.narrow(param, self.word('m_', word))};")
        targets = {param.name.text: f"{param.name.text}_out" for param, _ in layout.structs}
        lines += ["\t" + line for line in self.unpack_structs(layout, "m_", "b_", targets)]
        for (param, _), place, count in zip(layout.lengths, self.data_places(layout, "b_", counts), counts):
            name = param.name.text
            lines.append(f"\tidl_get({name}_out, {place}, {count});")
            lines.append(f"\t{name}_out[{count}] = 0;" if param.kind == "string" else f"\t*{name}_n_out = {count};")
        return lines + self.take(layout)

    @staticmethod
    def take(layout):
        """Gives the capabilities that came slots of their own: all or none."""
        lines = []
        for item, param in enumerate(layout.caps):
            lines.append(f"\t*{param.name.text}_out = cap_take(b_->recv[{item}].value);")
        if layout.caps:
            missing = " || ".join(f"!*{param.name.text}_out" for param in layout.caps)
            lines.append(f"\tif ({missing}) {{")
            if len(layout.caps) > 1:
                for param in layout.caps:
                    lines += [f"\t\tif (*{param.name.text}_out)", f"\t\t\tcap_free(*{param.name.text}_out);"]
            lines += ["\t\treturn E_RECEIVER_FULL;", "\t}"]
        return lines
