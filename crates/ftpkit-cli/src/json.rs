//! JSON objects in one line, their fields in the order in which they are put. Bytes that are
//! no UTF-8 go in as base64, under the name with `_base64` behind it.

use base64ct::{Base64, Encoding as _};

/// An object that is written field by field.
#[derive(Debug, Default)]
pub(crate) struct Object {
    /// Without the braces.
    fields: String,
}

impl Object {
    /// The object as a line.
    pub(crate) fn line(self) -> String {
        format!("{{{}}}\n", self.fields)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Puts the fields of another object behind those of this one.
    pub(crate) fn append(&mut self, object: Self) {
        if !self.fields.is_empty() && !object.fields.is_empty() {
            self.fields.push(',');
        }
        self.fields.push_str(&object.fields);
    }

    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        quote(text, &mut self.fields);
    }

    /// Text that may be no UTF-8.
    pub(crate) fn bytes(&mut self, name: &str, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text(name, text),
            Err(_) => self.text(&format!("{name}_base64"), &Base64::encode_string(bytes)),
        }
    }

    /// Several such texts: if one is no UTF-8, all are told as base64.
    pub(crate) fn list<'a>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = &'a [u8], IntoIter: Clone>,
    ) {
        let items = items.into_iter();
        let plain = items.clone().all(|item| std::str::from_utf8(item).is_ok());
        match plain {
            true => self.name(name),
            false => self.name(&format!("{name}_base64")),
        }
        self.array(items, |item, out| match std::str::from_utf8(item) {
            Ok(text) if plain => quote(text, out),
            _ => quote(&Base64::encode_string(item), out),
        });
    }

    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        self.fields.push_str(&number.to_string());
    }

    pub(crate) fn numbers(&mut self, name: &str, numbers: impl IntoIterator<Item = u64>) {
        self.name(name);
        self.array(numbers, |number, out| out.push_str(&number.to_string()));
    }

    pub(crate) fn flag(&mut self, name: &str, flag: bool) {
        self.name(name);
        self.fields.push_str(if flag { "true" } else { "false" });
    }

    pub(crate) fn object(&mut self, name: &str, object: Self) {
        self.name(name);
        object.push_to(&mut self.fields);
    }

    pub(crate) fn objects(&mut self, name: &str, objects: impl IntoIterator<Item = Self>) {
        self.name(name);
        self.array(objects, Self::push_to);
    }

    fn push_to(self, out: &mut String) {
        out.push('{');
        out.push_str(&self.fields);
        out.push('}');
    }

    fn array<T>(&mut self, items: impl IntoIterator<Item = T>, put: impl Fn(T, &mut String)) {
        self.fields.push('[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.fields.push(',');
            }
            put(item, &mut self.fields);
        }
        self.fields.push(']');
    }

    fn name(&mut self, name: &str) {
        if !self.fields.is_empty() {
            self.fields.push(',');
        }
        quote(name, &mut self.fields);
        self.fields.push(':');
    }
}

/// A string of JSON. What could rewrite a terminal is escaped too, though JSON would allow it.
fn quote(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    if text
        .bytes()
        .all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\'))
    {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    // A string is always one of JSON.
    let quoted = serde_json::Value::from(text).to_string();
    for c in quoted.chars() {
        let overrides = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || overrides {
            // Both are in the basic plane. Writing to a string cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_object_is_one_line_of_json_in_the_order_of_its_fields() {
        let mut inner = Object::default();
        inner.flag("on", true);
        let mut object = Object::default();
        object.append(Object::default());
        assert!(object.is_empty());
        object.text("text", "a");
        object.number("number", u64::MAX);
        object.numbers("numbers", [1, 2]);
        object.list("list", [&b"a"[..], b"b"]);
        object.list("list", [&b"a"[..], b"\xff"]);
        object.list("none", []);
        object.object("object", inner);
        object.objects("objects", [Object::default(), Object::default()]);
        object.bytes("bytes", b"\xff\xfe");
        let mut last = Object::default();
        last.number("last", 0);
        object.append(last);
        assert_eq!(
            object.line(),
            "{\"text\":\"a\",\"number\":18446744073709551615,\"numbers\":[1,2],\
             \"list\":[\"a\",\"b\"],\"list_base64\":[\"YQ==\",\"/w==\"],\"none\":[],\
             \"object\":{\"on\":true},\"objects\":[{},{}],\"bytes_base64\":\"//4=\",\"last\":0}\n"
        );
    }

    #[test]
    fn any_text_comes_back_and_rewrites_no_terminal() {
        let mut every = String::from("\"\\/\u{7f}");
        every.extend((0..=0x300).filter_map(char::from_u32));
        every.push_str("\u{202e}\u{2066}\u{2028}\u{1f600}");
        let mut object = Object::default();
        object.text("text", &every);
        let line = object.line();
        assert!(
            !line
                .trim_end()
                .chars()
                .any(|c| c.is_control() || c == '\u{202e}')
        );
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read, json!({ "text": every }));
    }
}
