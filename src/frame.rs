//! Mail within a page, without any right.

/// What stands before a mail in its frame: nothing is fetched but what it brings along, and no
/// name is looked up in advance. Links take no clicks; a frame that followed one would be stopped
/// too, but then shows the browser's complaint in place of the mail.
const GUARD: &str = "<meta charset=\"utf-8\">\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none'\">\
<meta http-equiv=\"x-dns-prefetch-control\" content=\"off\">\
<style>a,area,button,input,select,textarea{pointer-events:none!important}</style>";

/// The document of a frame that shows a mail.
///
/// The frame is sandboxed and the page forbids frames from elsewhere; the guard is the third lock.
/// No policy stops a `<link rel=preconnect>`, so links become elements that mean nothing.
pub(crate) fn document(html: &str) -> String {
    let mut out = String::with_capacity(GUARD.len() + html.len());
    out.push_str(GUARD);
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        out.push('<');
        let name = after.get(..4).filter(|name| name.eq_ignore_ascii_case("link"));
        rest = match name.and_then(|name| after.strip_prefix(name)) {
            Some(attributes) => {
                out.push_str("x-link");
                attributes
            }
            None => after,
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_guarded_and_its_links_to_elsewhere_mean_nothing() {
        let mail = "<!doctype html><LINK rel=preconnect href=//x><p>a < b</p><a href=y>link</a>";
        let document = document(mail);
        let body = document.strip_prefix(GUARD).unwrap();
        assert_eq!(
            body,
            "<!doctype html><x-link rel=preconnect href=//x><p>a < b</p><a href=y>link</a>"
        );
    }
}
