use kernel::BadField;
use proto::studio::access::v1::Role;

use crate::domain::Refusal;

/// A role that staff can hold: neither nobody nor a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Post(Role);

impl Post {
    pub fn of(role: Role) -> Result<Self, Refusal> {
        match role {
            Role::Unspecified | Role::Anonymous | Role::Member => Err(Refusal::RoleNotGrantable),
            post => Ok(Self(post)),
        }
    }

    /// Reads the name that files and rows have: `front_desk`.
    pub fn parse(field: &str, text: &str) -> Result<Self, BadField> {
        let name = format!("ROLE_{}", text.to_ascii_uppercase());
        Role::from_str_name(&name)
            .and_then(|role| Self::of(role).ok())
            .ok_or_else(|| BadField::new(field, "must be a role that staff hold, as front_desk"))
    }

    pub fn role(self) -> Role {
        self.0
    }

    /// As it is kept: `front_desk`.
    pub fn name(self) -> String {
        self.0
            .as_str_name()
            .trim_start_matches("ROLE_")
            .to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_post_survives_the_way_to_its_name_and_back() {
        let roles: Vec<Role> = (0..).map_while(|n| Role::try_from(n).ok()).collect();
        let posts: Vec<Post> = roles.iter().filter_map(|role| Post::of(*role).ok()).collect();
        assert_eq!(posts.len(), roles.len() - 3);
        for post in posts {
            assert_eq!(Post::parse("role", &post.name()), Ok(post));
        }
    }

    #[test]
    fn nobody_is_employed_as_a_member_or_as_nobody() {
        for name in ["member", "anonymous", "unspecified", "king", ""] {
            assert_eq!(Post::parse("role", name).unwrap_err().field, "role");
        }
    }
}
